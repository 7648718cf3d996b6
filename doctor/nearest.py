"""A wrong word answered with the nearest right one."""

import difflib
from collections.abc import Collection


def nearest(word: str, names: Collection[str]) -> str:
    """`; did you mean X?` for the closest name, or nothing when none is close."""
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.5)
    return f"; did you mean {close[0]}?" if close else ""
