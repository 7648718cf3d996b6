"""`llm-doctor undo`: take a treatment back, also one that a crash cut short."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, no_color_option
from doctor.cli.output import look, put, say
from doctor.errors import TreatError, UsageError
from doctor.nearest import nearest

if TYPE_CHECKING:
    from doctor.treat.journal import Course


@click.command("undo", context_settings=CONTEXT)
@click.argument("id_", metavar="[ID]", required=False)
@click.option("--list", "list_them", is_flag=True, help="List the treatments that can be taken back.")
@click.option("--api-key-file", metavar="F", help="A file with the key of the server; - is standard input.")
@no_color_option
def undo(id_: str | None, list_them: bool, api_key_file: str | None, no_color: bool) -> int:
    """Take back what a treatment changed: the newest one, or the one of this ID.

    Files get their old bytes, the server its old command line, and models that were made are removed. A file that was
    changed by somebody else since is left alone.

    \b
    Examples:
      llm-doctor undo
      llm-doctor undo --list
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.treat.journal import courses, root

    known = courses(root())
    if list_them:
        return exits.OK if put(_table(list(known.values()), no_color)) else exits.UNKNOWN
    waiting = [folder for folder, read in known.items() if read.open]
    if id_ is None:
        if not waiting:
            raise UsageError("there is no treatment to take back")
        chosen = waiting[0]
    else:
        named = [folder for folder in known if folder.name == id_]
        if not named:
            names = [folder.name for folder in known]
            raise UsageError(f"there is no treatment {id_!r}{nearest(id_, names)}; llm-doctor undo --list shows them")
        chosen = named[0]
        if not known[chosen].open:
            say(f"{id_} is taken back already")
            return exits.OK
    key = ""
    if api_key_file:
        from doctor.cli.check import key_of

        key = key_of(api_key_file, (known[chosen].began.url,))
    return _taken_back(chosen, key)


def _taken_back(folder: Path, key: str) -> int:
    from doctor.cli.interrupts import usual_interrupts
    from doctor.treat.journal import reopened
    from doctor.treat.treatment import taken_back

    usual_interrupts()
    with reopened(folder) as journal:
        try:
            asyncio.run(taken_back(journal, api_key=key, each=lambda text: say(f"taken back: {text}")))
        except TreatError as error:
            say(f"not everything could be taken back: {error}")
            return exits.UNKNOWN
    say("everything is as it was before the treatment")
    return exits.OK


def _table(courses: "list[Course]", no_color: bool) -> str:
    from doctor.report.page import Page

    page = Page(look(no_color))
    for read in courses:
        state = "taken back" if not read.open else read.outcome or "cut short"
        page.add(f"{read.began.cause} on {read.began.url}", marker=f"{read.began.id}  ", tail=state)
    if not courses:
        page.add("There was no treatment yet.")
    return page.text()
