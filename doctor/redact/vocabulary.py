"""The word lists of `words.toml`."""

import functools
import tomllib
from pathlib import Path

FILE = Path(__file__).with_name("words.toml")


@functools.cache
def _lists() -> dict[str, str]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


def words(name: str) -> frozenset[str]:
    """One of the lists."""
    return frozenset(_lists()[name].split())
