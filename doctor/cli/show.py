"""`llm-doctor show`: a saved report as text."""

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, printing
from doctor.cli.output import Delivery, deliver


@click.command("show", context_settings=CONTEXT)
@click.argument("file")
@printing
def show(file: str, wish: Delivery) -> int:
    """Print a report that was saved with --format json.

    FILE may be - for standard input, or of the history: last, a number, a date.

    Nothing is examined, so the exit code is 0 whatever the report says.
    """
    from doctor.cli.places import history_folder
    from doctor.history import read

    return deliver(read(file, history_folder()), wish, exits.OK)
