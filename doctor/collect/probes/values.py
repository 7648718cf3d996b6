"""Values out of a server's untrusted JSON: of the right type and a sane size, or nothing."""

import math
from typing import Any

MAX_TEXT = 64_000  # characters of one answer that are kept; probes ask for fewer than 2000 tokens
MAX_COUNT = 10**9
NANOSECOND = 1e-9


def clean(text: str) -> str:
    """Text that can be saved: cut to size, lone surrogates replaced."""
    return text[:MAX_TEXT].encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def first(choices: object) -> dict[str, Any]:
    """The first choice, empty when there is none."""
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object, empty when it is missing or something else."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def name_of(value: object) -> str:
    """A short identifier, "" when it is not text."""
    return clean(value[:200]) if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """A count of tokens; None when it is not a sane one."""
    known = number(value)
    return int(known) if known is not None and known <= MAX_COUNT else None


def number(value: object) -> float | None:
    """A finite number that is not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        known = float(value)
    except OverflowError:
        return None
    return known if math.isfinite(known) and known >= 0 else None


def rate(tokens: int | None, duration_ns: float | None) -> float | None:
    """Tokens per second."""
    return tokens / (duration_ns * NANOSECOND) if tokens and duration_ns else None


def first_known(*values: "float | None") -> "float | None":
    """The first value that is there."""
    return next((value for value in values if value is not None), None)
