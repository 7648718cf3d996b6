"""`llm-doctor replay`: today's checks on the facts of a saved report."""

from pathlib import Path

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, fail_on_option, plugins_option, printing
from doctor.cli.output import Delivery, deliver


@click.command("replay", context_settings=CONTEXT)
@click.argument("file")
@printing
@fail_on_option
@plugins_option
def replay(
    file: str,
    wish: Delivery,
    fail_on: str,
    plugins: tuple[Path, ...],
) -> int:
    """Run today's checks on the facts of a saved report.

    FILE may be - for standard input, or of the history: last, a number, a date.

    Nothing is asked of a server; facts that the report does not hold make their checks not evaluated.
    """
    import asyncio

    from doctor.cli.places import history_folder
    from doctor.cli.settings import thresholds
    from doctor.history import read
    from doctor.replay import replay as replayed

    report = asyncio.run(replayed(read(file, history_folder()), plugins, thresholds()))
    return deliver(report, wish, exits.exit_code(report.state, fail_on))
