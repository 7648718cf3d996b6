"""A finished report on disk: JSON for scripts and `llm-doctor show`, text for people."""

import os
import re
from pathlib import Path

from doctor.errors import RedactionError, ReportError
from doctor.model import Report
from doctor.redact import Redactor, gather, redacted
from doctor.report import render
from doctor.text import one_line


def proposal(report: Report) -> str:
    """A file name with the time of the run in it: `llm-doctor-report-20260131-142501.json`."""
    time = re.sub(r"[^0-9T]", "", report.started)[:15].replace("T", "-")
    return f"llm-doctor-report-{time}.json"


def save(report: Report, wanted: str) -> tuple[Path, Path]:
    """Write both files, redacted, and say where they are.

    Raises ReportError, and RedactionError before anything is written; a file that exists is never overwritten.
    """
    redactor = Redactor(gather())
    report = redacted(report, redactor)
    json_text, plain_text = render(report, "json"), render(report, "text")
    left = sorted({*redactor.leaks(json_text), *redactor.leaks(plain_text)})
    if left:
        raise RedactionError(f"nothing was written: the report still holds what looks like {' and '.join(left)}")
    json_path = _json_path(wanted)
    text_path = json_path.with_suffix(".txt")
    if os.path.lexists(text_path):  # before the JSON is there: both files or none
        raise _taken(text_path)
    _write(json_path, json_text)
    _write(text_path, plain_text)
    return json_path.absolute(), text_path.absolute()


def save_text(text: str, wanted: str) -> Path:
    """Write a text that is redacted already, and say where it is. Raises ReportError; nothing is overwritten."""
    try:
        path = Path(wanted).expanduser()
    except (RuntimeError, ValueError) as error:
        raise ReportError(f"{one_line(wanted)} cannot be written: {error}") from error
    _write(path, text)
    return path.absolute()


def _json_path(wanted: str) -> Path:
    try:
        path = Path(wanted).expanduser()
        return path if path.suffix == ".json" else path.with_name(path.name + ".json")
    except (RuntimeError, ValueError) as error:  # no such user behind ~, or no name in the path
        raise ReportError(f"{one_line(wanted)} cannot be written: {error}") from error


def _write(path: Path, text: str) -> None:
    """Create the file. Mode `x` fails on whatever is there already, a link to another file too."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError as error:
        raise _taken(path) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise ReportError(f"{one_line(str(path))} cannot be written: {why}") from error


def _taken(path: Path) -> ReportError:
    return ReportError(f"{one_line(str(path))} exists already; nothing was overwritten")
