"""The mark that all facts carry."""

from typing import ClassVar

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was read or measured, never changed, and saved with the report."""

    WORDS: ClassVar[str] = ""  # what to call it where its name does not tell
