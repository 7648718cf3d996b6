"""`llm-doctor history`: the reports that were kept on this machine."""

import json

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, no_color_option
from doctor.cli.output import look, put
from doctor.cli.places import history_folder


@click.command("history", context_settings=CONTEXT)
@click.option("--format", "format_name", type=OneOf(["text", "json"]), help="How to print. Default: text.")
@click.option("--clear", is_flag=True, help="Remove all of them.")
@no_color_option
def history(format_name: str | None, clear: bool, no_color: bool) -> int:
    """List the reports that `check --keep` saved, newest first. show, replay and diff take their numbers.

    \b
    Examples:
      llm-doctor history
      llm-doctor show last
      llm-doctor diff 2 last
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.history import entries, forget
    from doctor.report.page import Page

    if clear:
        gone = forget(history_folder(), 0, 0)
        return exits.OK if put(f"{gone} reports removed\n") else exits.UNKNOWN
    rows = [
        {"number": number, "time": entry.time.isoformat(), "state": entry.state, "file": str(entry.path)}
        for number, entry in enumerate(entries(history_folder()), 1)
    ]
    if format_name == "json":
        return exits.OK if put(json.dumps(rows, indent=2) + "\n") else exits.UNKNOWN
    page = Page(look(no_color))
    for row in rows:
        page.add(f"{row['time']}  {row['state']}", marker=f"{row['number']:>4}  ")
    if not rows:
        page.add("Nothing is kept yet; llm-doctor check --keep saves its report here.")
    return exits.OK if put(page.text()) else exits.UNKNOWN
