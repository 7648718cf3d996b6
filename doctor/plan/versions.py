"""Conditions on a runtime's version, as remedies name them: `>=0.30,<0.32` of Ollama, `>=b10573` of llama.cpp."""

import re
from collections.abc import Callable, Mapping

CONDITION = re.compile(r"\s*(>=|<=|==|>|<)\s*(\S+)\s*")
NUMBERS = re.compile(r"\d+")

Numbers = tuple[int, ...]
COMPARE: Mapping[str, Callable[[Numbers, Numbers], bool]] = {
    ">=": lambda a, b: a >= b,
    "<=": lambda a, b: a <= b,
    "==": lambda a, b: a == b,
    ">": lambda a, b: a > b,
    "<": lambda a, b: a < b,
}


def fits(condition: str, version: str) -> bool:
    """Whether the version meets every part of the condition. An unknown version is taken to meet it."""
    known = numbers(version)
    if not condition or not known:
        return True
    for part in condition.split(","):
        match = CONDITION.fullmatch(part)
        if match is None:
            msg = f"{part!r} is no condition on a version"
            raise ValueError(msg)
        if not COMPARE[match[1]](*_even(known, numbers(match[2]))):
            return False
    return True


def numbers(version: str) -> Numbers:
    """`0.32.15-rc2` -> (0, 32, 15); a build `b10573-3f545be` -> (10573,); nothing for `b0-unknown` or no number."""
    found = tuple(int(n) for n in NUMBERS.findall(re.split(r"[-+ ]", version.strip(), maxsplit=1)[0]))
    return found if any(found) else ()


def _even(a: Numbers, b: Numbers) -> tuple[Numbers, Numbers]:
    """Both with as many numbers: 0.30 means 0.30.0."""
    length = max(len(a), len(b))
    return a + (0,) * (length - len(a)), b + (0,) * (length - len(b))
