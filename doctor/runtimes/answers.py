"""One JSON object from a server, and values out of it: of the right type, or nothing.

Servers send null, text or a number where a list belongs, and names with control characters in them. What is merely
missing or odd becomes None or empty; an answer of another shape raises `Malformed`, one that says no `Refused`.
"""

import math
from typing import Any

from doctor.context import Context
from doctor.errors import Malformed, Refused
from doctor.http import Answer
from doctor.text import one_line, plain

MAX_COUNT = 2**63 - 1
MAX_NAME = 300
MAX_TEXT = 200_000  # the longest chat templates known have about 20,000 characters


async def get_object(context: Context, path: str, *, deadline_s: float = 5.0) -> dict[str, Any]:
    """The object that a GET answers. Raises Refused, Malformed, Unreachable or TooLate."""
    return _object(await context.http.get(path, deadline_s=deadline_s), f"GET {path}")


async def get_rows(context: Context, path: str, *, deadline_s: float = 5.0) -> list[dict[str, Any]]:
    """The objects of a list that a GET answers. Raises Refused, Malformed, Unreachable or TooLate."""
    answer = await context.http.get(path, deadline_s=deadline_s)
    _refused(answer, f"GET {path}")
    return rows(answer.json(), f"GET {path}")


async def post_object(context: Context, path: str, body: object, *, deadline_s: float = 10.0) -> dict[str, Any]:
    """The object that a POST answers. Raises Refused, Malformed, Unreachable or TooLate."""
    return _object(await context.http.post(path, body, deadline_s=deadline_s), f"POST {path}")


def _object(answer: Answer, route: str) -> dict[str, Any]:
    _refused(answer, route)
    content = answer.json()
    if not isinstance(content, dict):
        raise Malformed(f"{route} answered {_kind(content)} instead of an object")
    return content


def _refused(answer: Answer, route: str) -> None:
    if answer.status >= 400:
        text = answer.text()
        raise Refused(f"{route} answered {answer.status}: {one_line(text) or 'nothing'}", answer.status, text)


def rows(value: object, where: str = "") -> list[dict[str, Any]]:
    """The objects in a list; null is an empty list. Raises Malformed for anything else."""
    if value is None:
        return []
    if not isinstance(value, list):
        raise Malformed(f"{where or 'the answer'} holds {_kind(value)} where a list belongs")
    return [row for row in value if isinstance(row, dict)]


def table(value: object) -> dict[str, Any]:
    """An object, or an empty one."""
    return value if isinstance(value, dict) else {}


def name(value: object) -> str:
    """A name on one line without control characters; empty when it is no text."""
    return one_line(value, MAX_NAME) if isinstance(value, str) else ""


def names(value: object) -> tuple[str, ...]:
    """The texts of a list as names."""
    return tuple(name(item) for item in value if isinstance(item, str)) if isinstance(value, list) else ()


def long_text(value: object) -> str:
    """Text of several lines without control characters, such as a template; empty when it is no text."""
    return plain(value, MAX_TEXT) if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """A whole number of at least 0; None for anything else, also for booleans and numbers written as text."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if 0 <= value <= MAX_COUNT and value == int(value) else None


def flag(value: object) -> bool | None:
    """A boolean, or None."""
    return value if isinstance(value, bool) else None


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "true or false", type(None): "null"}
    return kinds.get(type(value), "a number")
