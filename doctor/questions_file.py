"""The user's own questions: JSON lines or CSV, each with the passages or files that answer it.

A line of JSON is an object, a CSV file has a head; the fields are `question`, and `source` (a file's name or path, or a
list of them) or `id` (of the chunk, or a list), and `answer` (words that a right answer holds) where it is known.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.errors import UsageError
from doctor.retrieval.questions import Question
from doctor.text import one_line

MAX_BYTES = 20 << 20
MAX_QUESTIONS = 5_000
SEPARATOR = ";"  # between several values of one CSV cell


def read_questions(path: str) -> tuple[Question, ...]:
    """The questions in a file. Raises UsageError with the line that cannot be used."""
    name = one_line(path)
    try:
        if Path(path).stat().st_size > MAX_BYTES:
            raise UsageError(f"{name} is larger than {MAX_BYTES >> 20} MiB, which no file of questions is")
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        raise UsageError(f"the questions in {name} cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{name} is not a text file in UTF-8") from error
    rows = _json_lines(text, name) if text.lstrip().startswith("{") else _csv(text, name)
    questions = tuple(_question(row, place) for place, row in rows)
    if not questions:
        raise UsageError(f"{name} holds no questions")
    if len(questions) > MAX_QUESTIONS:
        raise UsageError(f"{name} holds more than {MAX_QUESTIONS} questions")
    return questions


def _json_lines(text: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise UsageError(f"line {number} of {name} is not JSON: {one_line(str(error), 100)}") from error
        if not isinstance(row, dict):
            raise UsageError(f"line {number} of {name} is not a JSON object")
        yield f"line {number} of {name}", row


def _csv(text: str, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    head = [column.strip().lower() for column in reader.fieldnames or []]
    if "question" not in head:
        raise UsageError(f"{name} is neither JSON lines nor a CSV file with a column named question")
    try:
        for row in reader:
            cells = {str(key).strip().lower(): value for key, value in row.items() if isinstance(value, str)}
            parted = {key: value.split(SEPARATOR) if key in ("source", "id") else value for key, value in cells.items()}
            yield f"line {reader.line_num} of {name}", parted
    except csv.Error as error:
        raise UsageError(f"line {reader.line_num} of {name} is not CSV: {error}") from error


def _question(row: Mapping[str, Any], place: str) -> Question:
    text = row.get("question")
    if not isinstance(text, str) or not text.strip():
        raise UsageError(f"{place} has no question")
    sources, ids = _several(row, "source"), _several(row, "id")
    if not sources and not ids:
        raise UsageError(f"{place} says neither source nor id, so a right result cannot be told")
    answer = row.get("answer")
    return Question(
        text=text.strip(), expected=ids, sources=sources, answer=answer.strip() if isinstance(answer, str) else ""
    )


def _several(row: Mapping[str, Any], field: str) -> tuple[str, ...]:
    """One value or a list of them, as texts."""
    value = row.get(field, row.get(field + "s"))
    values = value if isinstance(value, list) else [value]
    return tuple(str(item).strip() for item in values if isinstance(item, str | int) and str(item).strip())
