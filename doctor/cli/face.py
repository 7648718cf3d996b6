"""The full-screen view, opened by `llm-doctor` and by `demo` on a terminal."""

import sys
from typing import TYPE_CHECKING

from doctor.cli import exits
from doctor.cli.interrupts import usual_interrupts
from doctor.cli.output import on_terminal

if TYPE_CHECKING:
    from doctor.runner import RunPlan


def possible() -> bool:
    """Whether keys can be read and the screen can be drawn."""
    return on_terminal(sys.stdin) and on_terminal(sys.stdout)


def face(plan: "RunPlan", *, read_only: bool = False) -> int:
    """Open the view on this plan; the exit code is that of the last finished report."""
    from doctor.cli.check import accepted
    from doctor.cli.places import history_folder
    from doctor.tui.open import run_app
    from doctor.tui.session import Places

    usual_interrupts()
    places = Places(history=history_folder(), read_only=read_only, deadline_s=plan.deadline_s)
    report = run_app(plan, places, accepted)
    return exits.UNKNOWN if report is None else exits.exit_code(report.state)
