"""Output formats: one a file, each a function from a report to text."""

import importlib
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from doctor.model import Report
    from doctor.report.retrieval import LocalTexts

FORMATS: dict[str, str] = {
    name: f"doctor.report.{name}"
    for name in ("text", "json", "jsonl", "markdown", "html", "junit", "plugin", "prometheus", "github", "tap", "sarif")
}
# What the ending of a file's name asks for.
ENDINGS: dict[str, str] = {
    "json": "json",
    "jsonl": "jsonl",
    "md": "markdown",
    "html": "html",
    "htm": "html",
    "xml": "junit",
    "prom": "prometheus",
    "tap": "tap",
    "sarif": "sarif",
}


class Look(NamedTuple):
    """What the place that text goes to can show: columns, colour, and whether it is limited to ASCII."""

    width: int = 80
    colour: bool = False
    ascii: bool = False
    texts: "Mapping[str, LocalTexts] | None" = None  # of examined indexes by target, where they may be shown


def render(report: "Report", format_name: str = "text", look: Look | None = None) -> str:
    """The report in one of `FORMATS`, ending with a line break. Imports that format's module only."""
    text: str = importlib.import_module(FORMATS[format_name]).render(report, look or Look())
    return text
