"""Patterns that are compiled when first used: a short text holds nothing of what most of them look for.

Compiling all of them takes as long as the rest of a command that only answers a question.
"""

import re
from typing import Any, cast


class _Late:
    """Stands for a pattern; its methods are looked up once, and then are those of the pattern itself."""

    def __init__(self, source: str, flags: int) -> None:
        self.source = source
        self.flags_given = flags

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever the pattern has
        found = getattr(re.compile(self.source, self.flags_given), name)
        self.__dict__[name] = found
        return found


def late(source: str, flags: int = 0) -> re.Pattern[str]:
    """The pattern, compiled at its first use. Raises re.error then."""
    return cast("re.Pattern[str]", _Late(source, flags))
