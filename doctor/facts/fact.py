"""The mark that all facts carry."""

import msgspec


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """A value that was read or measured, never changed, and saved with the report."""
