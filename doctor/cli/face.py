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


def face(plan: "RunPlan") -> int:
    """Open the view on this plan; the exit code is that of the last finished report."""
    from doctor.tui.app import run_app

    usual_interrupts()
    report = run_app(plan)
    return exits.UNKNOWN if report is None else exits.exit_code(report.state)
