"""`llm-doctor list`: the checks, causes, runtimes and patients that this installation has."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, no_color_option, plugins_option
from doctor.cli.output import look, put
from doctor.report import Look

Row = dict[str, object]


def checks(plugins: Sequence[Path] = ()) -> list[Row]:
    """Every check, in the order in which a run takes them."""
    from doctor.plugins import load_checks

    return [
        {
            "id": check.id,
            "category": check.category.value,
            "title": check.title,
            "depth": check.depth.value,
            "symptoms": [symptom.id for symptom in check.symptoms],
            "origin": check.origin,
        }
        for check in load_checks(plugins)
    ]


def causes(plugins: Sequence[Path] = ()) -> list[Row]:
    """Every root cause that has a playbook, in the order in which they are eliminated."""
    from doctor.plugins import load_playbooks

    return [
        {
            "id": book.id,
            "category": book.category.value,
            "title": book.title,
            "severity": book.severity.value,
            "proved_by": [list(group) for group in book.proved_by],
            "runtimes": sorted({remedy.runtime for remedy in book.remedies}),
        }
        for book in load_playbooks(plugins)
    ]


def runtimes(_: Sequence[Path] = ()) -> list[Row]:
    """Every server that is told apart; `facts` are what its adapter can ask it for."""
    from doctor.context import words
    from doctor.runtimes import ADAPTERS
    from doctor.runtimes.signatures import NAMES

    return [
        {
            "id": id_,
            "title": name,
            "note": "own adapter" if id_ in ADAPTERS else "",
            "facts": sorted(words(kind) for kind in ADAPTERS.get(id_, ADAPTERS["openai"]).FACTS),
        }
        for id_, name in NAMES.items()
    ]


def patients(_: Sequence[Path] = ()) -> list[Row]:
    """Every patient of the ward, and what a diagnosis of it must say."""
    from doctor.ward.patients import shipped

    return [
        {
            "id": patient.id,
            "title": patient.title,
            "note": patient.engine,
            "causes": list(patient.expect.causes),
            "exit_code": patient.expect.exit_code,
        }
        for patient in shipped()
    ]


KINDS: dict[str, Callable[[Sequence[Path]], list[Row]]] = {
    "checks": checks,
    "causes": causes,
    "runtimes": runtimes,
    "patients": patients,
}


@click.command("list", context_settings=CONTEXT)
@click.argument("kind", metavar="checks|causes|runtimes|patients", type=OneOf(list(KINDS)))
@click.option("--format", "format_name", type=OneOf(["text", "json"]), help="How to print. Default: text.")
@no_color_option
@plugins_option
def listing(kind: str, format_name: str | None, no_color: bool, plugins: tuple[Path, ...]) -> int:
    """List checks, causes, runtimes or patients.

    \b
    Examples:
      llm-doctor list checks
      llm-doctor list causes --format json
    """  # noqa: D301 - click's mark for lines to be kept as they are
    rows = KINDS[kind](plugins)
    written = put(json.dumps(rows, indent=2) + "\n" if format_name == "json" else table(rows, look(no_color)))
    return exits.OK if written else exits.UNKNOWN


def table(rows: list[Row], where: Look) -> str:
    """Rows as text: the id, the title beside it, what else matters dimmed; a heading for each category."""
    from doctor.report.page import Page

    page = Page(where)
    wide = max((len(str(row["id"])) for row in rows), default=0)
    heading = None
    for row in rows:
        if row.get("category") != heading:
            if heading is not None:
                page.gap()
            heading = row.get("category")
            page.add(str(heading), "bold")
        tail = str(row.get("severity") or row.get("depth") or row.get("note") or "")
        page.add(str(row["title"]), marker=f"{row['id']!s:<{wide}}  ", indent=2, tail=tail)
    return page.text()
