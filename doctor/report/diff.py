"""A comparison of two reports as text and as JSON."""

import json
from typing import TYPE_CHECKING, Any

from doctor.report import Look
from doctor.text import one_line

if TYPE_CHECKING:
    from doctor.compare import Change, Comparison
    from doctor.report.page import Page


def as_json(found: "list[Comparison]", since: str, until: str) -> str:
    """One document."""
    document = {"since": since, "until": until, "worse": any(one.worse for one in found)}
    return json.dumps({**document, "targets": [_row(one) for one in found]}, indent=2) + "\n"


def _row(one: "Comparison") -> dict[str, Any]:
    return {
        "url": one.url,
        "state": {"before": one.state[0], "after": one.state[1]},
        "worse": one.worse,
        "because": one.explains,
        "changes": [change._asdict() for change in one.changes],
        "figures": [change._asdict() for change in one.figures],
        "new": list(one.came),
        "gone": list(one.went),
    }


def as_text(found: "list[Comparison]", since: str, until: str, look: Look) -> str:
    """What changed, what moved, what came and went, and what explains it."""
    from doctor.report.page import Page

    page = Page(look)
    page.add(f"From {since} to {until}", "dim")
    if not found:
        page.add("The two reports have no server in common.")
    for one in found:
        before, after = one.state
        page.gap()
        page.add(one_line(one.url, 200), "bold", tail=f"{before} -> {after}" if before != after else f"still {after}")
        if one.explains:
            page.add(one.explains + ".", "bold yellow", marker="Because: ", indent=2)
        _lines(page, "Changed", one.changes)
        _lines(page, "Measured", one.figures)
        for title, items in (("New", one.came), ("Gone", one.went)):
            for item in items:
                page.add(one_line(item, 400), marker=f"{title}: ", indent=2)
        if not (one.changes or one.figures or one.came or one.went):
            page.add("Nothing that matters changed.", indent=2)
    return page.text()


def _lines(page: "Page", title: str, changes: "tuple[Change, ...]") -> None:
    for change in changes:
        mark = {True: "worse", False: "better", None: ""}[change.worse]
        moved = f"{one_line(change.before, 100)} -> {one_line(change.after, 100)}"
        page.add(moved, marker=f"{title}: {one_line(change.what, 60)} ", indent=2, tail=mark)
