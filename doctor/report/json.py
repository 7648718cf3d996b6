"""The report as one JSON document, and the way back from an untrusted file."""

import codecs
import json
import math
import stat
import sys
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from doctor.errors import ReportError
from doctor.model import SCHEMA_VERSION, Report
from doctor.report import Look
from doctor.text import one_line

MAX_REPORT_BYTES = 64 << 20
MAX_DEPTH = 100  # a report is about ten levels deep; metadata of a model adds a few


def render(report: Report, look: Look | None = None) -> str:
    """One document. Only ASCII is written, so that control characters and any locale are harmless."""
    return json.dumps(tidy(msgspec.to_builtins(report)), indent=2, allow_nan=False) + "\n"


def tidy(value: Any) -> Any:  # noqa: ANN401 - walks JSON-like data
    """The same value without what JSON readers refuse: lone surrogates, NaN and infinity."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode("utf-8")
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {tidy(key): tidy(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [tidy(item) for item in value]
    return value


def read_file(path: str) -> Report:
    """A saved report; `-` is standard input. Raises ReportError with a sentence that names the file."""
    name = "standard input" if path == "-" else one_line(path)
    try:
        data = _bounded(sys.stdin.buffer) if path == "-" else _file_bytes(Path(path), name)
    except OSError as error:
        msg = f"{name} cannot be read: {error.strerror or error}"
        raise ReportError(msg) from error
    return read(data, name)


def _file_bytes(path: Path, name: str) -> bytes:
    if not stat.S_ISREG(path.stat().st_mode):
        msg = f"{name} is not a file; use - to read a report from standard input"
        raise ReportError(msg)
    with path.open("rb") as file:
        return _bounded(file)


def _bounded(file: BinaryIO) -> bytes:
    """At most one byte more than a report may have, so that too long can be told from long."""
    return file.read(MAX_REPORT_BYTES + 1)


def read(data: bytes, name: str = "the report") -> Report:
    """Decode a report. Raises ReportError for anything that is not a whole report of this schema's major version."""
    if len(data) > MAX_REPORT_BYTES:
        raise ReportError(f"{name} is larger than {MAX_REPORT_BYTES >> 20} MiB, which no report is")
    if not data.strip():
        raise ReportError(f"{name} is empty")
    document = _decoded(data, name)
    _check_version(document, name)
    try:
        return msgspec.convert(document, Report)
    except msgspec.ValidationError as error:
        msg = f"{name} is not a valid report: {one_line(str(error))}"
        raise ReportError(msg) from error


def _decoded(data: bytes, name: str) -> dict[str, Any]:
    try:
        document = msgspec.json.decode(_utf8(data))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        msg = f"{name} is {_why_not_json(data, error)}"
        raise ReportError(msg) from error
    if not isinstance(document, dict) or "schema_version" not in document or "tool" not in document:
        raise ReportError(f"{name} is JSON, but not a report of llm-doctor")
    if _too_deep(document):
        raise ReportError(f"{name} is nested deeper than {MAX_DEPTH} levels, which no report is")
    return document


def _utf8(data: bytes) -> bytes:
    """PowerShell writes redirected output as UTF-16, or as UTF-8 with a byte order mark."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16").encode()
    return data.removeprefix(codecs.BOM_UTF8)


def _why_not_json(data: bytes, error: Exception) -> str:
    if isinstance(error, RecursionError):
        return f"nested deeper than {MAX_DEPTH} levels, which no report is"
    if data.lstrip()[:1] == b"{" and "truncated" in str(error):
        return "cut off: the JSON document has no end"
    return "not a JSON document; write one with: llm-doctor check --format json -o report.json"


def _too_deep(value: Any) -> bool:  # noqa: ANN401 - walks JSON-like data
    """Walks level by level instead of calling itself, because the depth is what is in doubt."""
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [item for outer in level for item in _children(outer)]
        if not level:
            return False
    return True


def _children(value: Any) -> list[Any]:  # noqa: ANN401 - walks JSON-like data
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [item for item in inner if isinstance(item, (dict, list))]


def _check_version(document: dict[str, Any], name: str) -> None:
    """Within a major version fields are only added, so an older or newer minor version can be read."""
    theirs = str(document["schema_version"])
    if theirs.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
        raise ReportError(
            f"{name} has schema version {one_line(theirs, 20)}, and this llm-doctor reads version {SCHEMA_VERSION}"
        )
