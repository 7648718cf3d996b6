"""`llm-doctor diff`: two reports of the same server, and what explains the difference."""

from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, printing
from doctor.cli.output import Delivery, deliver_text
from doctor.cli.places import history_folder
from doctor.report import Look

if TYPE_CHECKING:
    from doctor.model import Report


@click.command("diff", context_settings=CONTEXT)
@click.argument("before")
@click.argument("after")
@printing
def diff(before: str, after: str, wish: Delivery) -> int:
    """Say what changed from one report to another, what got worse, and why.

    Each is a file, or of the history: last, a number (2 is the one before the last), a date. The exit code is 1 when
    something got worse, 0 otherwise.

    \b
    Examples:
      llm-doctor diff tuesday.json today.json
      llm-doctor diff 2 last
      llm-doctor diff 2026-11-20 last --format json
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.history import read

    return compared(read(before, history_folder()), read(after, history_folder()), wish)


def compared(before: "Report", after: "Report", wish: Delivery) -> int:
    """Print the difference, and give 1 when something got worse."""
    from doctor.cli.cleaning import Cleaner
    from doctor.compare import compare
    from doctor.report.diff import as_json, as_text

    level = wish.privacy.of(wish.format, wish.path is not None)
    cleaner = Cleaner(level, wish.privacy)
    before, after = cleaner.report(before), cleaner.report(after)
    found = compare(before, after)

    def write(where: Look) -> str:
        since, until = before.started, after.started
        as_wanted = as_json(found, since, until) if wish.format == "json" else as_text(found, since, until, where)
        return cleaner.text(as_wanted)

    code = exits.UNKNOWN if not found else exits.WARNING if any(one.worse for one in found) else exits.OK
    return deliver_text(write, wish, code)
