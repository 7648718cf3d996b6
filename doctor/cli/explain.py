"""`llm-doctor explain`: what a check, a symptom or a cause is, from the file that defines it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, no_color_option, plugins_option
from doctor.cli.output import look, put, save
from doctor.errors import UsageError
from doctor.nearest import nearest
from doctor.report import Look
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.check import Check
    from doctor.model import Remedy, Symptom
    from doctor.playbooks import Playbook
    from doctor.report.page import Page

KEEPS_ITS_LINES = re.compile(r"[-*|#] ?|    |```|\d+\. ")
TEMPLATES = ("chatml.jinja", "chatml.go.txt")  # chat templates of ours that remedies use: printed as they are
BLANKS = {"model": "MODEL", "url": "http://HOST:PORT", "host": "HOST", "port": "PORT", "context": "TOKENS"}


@click.command("explain", context_settings=CONTEXT)
@click.argument("id_", metavar="ID")
@click.option("-o", "--output", type=Path, metavar="FILE", help="Write it into this file, in a folder that is made.")
@no_color_option
@plugins_option
def explain(id_: str, output: Path | None, no_color: bool, plugins: tuple[Path, ...]) -> int:
    """Explain a check, a symptom or a cause by its id, or print a chat template that a remedy uses.

    \b
    Examples:
      llm-doctor explain offload
      llm-doctor explain chatml.jinja -o templates/chatml.jinja
      llm-doctor list causes
    """  # noqa: D301 - click's mark for lines to be kept as they are
    if output is None:
        return exits.OK if put(_explained(id_, look(no_color), plugins)) else exits.UNKNOWN
    text = _explained(id_, Look(), plugins)
    try:
        save(output, text, folders=True)
    except OSError as error:
        raise UsageError(f"{one_line(str(output))} cannot be written: {error.strerror or error}") from error
    return exits.OK


def _explained(id_: str, shown: Look, plugins: tuple[Path, ...]) -> str:
    """The text. Raises UsageError for an unknown id."""
    from doctor.plugins import load_checks, load_playbooks
    from doctor.report.page import Page

    if id_ in TEMPLATES:
        from doctor.plan.templates import text

        return text(id_)
    checks, books = load_checks(plugins), load_playbooks(plugins)
    page = Page(shown)
    if not _write(page, id_, checks, books):
        known = {check.id for check in checks} | {book.id for book in books} | set(_symptoms(checks))
        raise UsageError(f"there is no check, symptom or cause {id_!r}{nearest(id_, sorted(known | {*TEMPLATES}))}")
    return page.text()


def _symptoms(checks: Sequence["Check"]) -> dict[str, tuple["Symptom", list["Check"]]]:
    """Every symptom by id with the checks that can raise it."""
    found: dict[str, tuple[Symptom, list[Check]]] = {}
    for check in checks:
        for symptom in check.symptoms:
            found.setdefault(symptom.id, (symptom, []))[1].append(check)
    return found


def _write(page: "Page", id_: str, checks: Sequence["Check"], books: Sequence["Playbook"]) -> bool:
    """Everything of this id, one section each; False when there is nothing."""
    written = False
    for check in checks:
        if check.id == id_:
            _check(page, check)
            written = True
    for symptom, raised_by in _symptoms(checks).values():
        if symptom.id == id_:
            _gap(page, written)
            _symptom(page, symptom, raised_by, books)
            written = True
    for book in books:
        if book.id == id_:
            _gap(page, written)
            _cause(page, book)
            written = True
    return written


def _gap(page: "Page", wanted: bool) -> None:
    if wanted:
        page.gap()


def _check(page: "Page", check: "Check") -> None:
    page.add(f"check {check.id}", "bold", tail=f"{check.category}, depth {check.depth}, {check.origin}")
    for paragraph in check.doc.split("\n\n"):
        page.gap()
        page.add(" ".join(paragraph.split()))
    if check.symptoms:
        page.gap()
        page.add("Symptoms that it can raise", "underline")
    for symptom in check.symptoms:
        page.add(symptom.title, marker="- ", indent=2, tail=f"[{symptom.id}, {symptom.severity}]")


def _symptom(page: "Page", symptom: "Symptom", checks: Sequence["Check"], books: Sequence["Playbook"]) -> None:
    page.add(f"symptom {symptom.id}", "bold", tail=str(symptom.severity))
    page.gap()
    page.add(symptom.title)
    page.add(", ".join(check.id for check in checks), marker="raised by the check ")
    if symptom.semantic:
        page.add("A wrong answer proves nothing while an earlier cause is open: it waits until those are ruled out.")
    for book in books:
        if symptom.id in book.proof_symptoms:
            page.add(book.title, marker="- can prove: ", indent=2, tail=f"[{book.id}]")
        elif symptom.id in book.explains:
            page.add(book.title, marker="- is explained by: ", indent=2, tail=f"[{book.id}]")


def _cause(page: "Page", book: "Playbook") -> None:
    page.add(f"cause {book.id}", "bold", tail=f"{book.category}, {book.severity}")
    page.gap()
    page.add(book.title)
    if book.says:
        page.gap()
        page.add("What users say", "underline")
    for words in book.says:
        page.add(f'"{words}"', marker="- ", indent=2)
    _proof(page, book)
    for paragraph in book.body.split("\n\n"):
        page.gap()
        for line in _lines(paragraph):
            page.add(line)
    _remedies(page, book)


def _lines(paragraph: str) -> list[str]:
    """A paragraph as one line to be wrapped; lists, tables and code keep their lines."""
    lines = paragraph.splitlines()
    kept = any(
        line.startswith(("- ", "* ", "|", "    ", "```", "#")) or line[:2].strip(".").isdigit() for line in lines
    )
    return lines if kept else [" ".join(paragraph.split())]


def _proof(page: "Page", book: "Playbook") -> None:
    page.gap()
    if not book.proved_by:
        page.add("No check can prove this cause yet; it is suspected from what it explains.")
    for group in book.proved_by:
        page.add(" and ".join(group), marker="proved by ")
    if book.explains:
        page.add(", ".join(book.explains), marker="explains ")
    if book.after:
        page.add(", ".join(book.after), marker="only after these are ruled out: ")


def _remedies(page: "Page", book: "Playbook") -> None:
    from doctor.plan.remedies import planned
    from doctor.plan.situation import Situation
    from doctor.report.steps import step_lines

    if book.remedies:
        page.gap()
        page.add("Remedies", "underline")
    for remedy, places in _merged(book):
        page.add(remedy.say, marker="- ", indent=2, tail=f"[{places}]")
        here = Situation(runtime=remedy.runtime, os="", model=BLANKS["model"], values=BLANKS)
        for step in planned(remedy, here).steps:
            if step.kind == "by-hand":
                page.add(step.text.strip(), indent=6)
            else:
                page.exact(step_lines(step, BLANKS["url"]), indent=6)


def _merged(book: "Playbook") -> list[tuple["Remedy", str]]:
    """Remedies that differ in their runtime only, once, with all the places where they apply."""
    merged: dict[str, tuple[Remedy, list[str]]] = {}
    for remedy in book.remedies:
        place = " ".join(
            filter(None, [remedy.runtime, remedy.version, "on " + ", ".join(remedy.os) if remedy.os else ""])
        )
        merged.setdefault(remedy.say, (remedy, []))[1].append(place)
    return [(remedy, "; ".join(places)) for remedy, places in merged.values()]
