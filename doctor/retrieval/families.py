"""Families of embedding models: the prefixes, pooling and window that each was trained with, as data."""

import functools
import tomllib
from pathlib import Path

import msgspec

DATA = Path(__file__).with_name("families.toml")


class Family(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One family; an empty prefix means that the model wants none."""

    id: str
    names: tuple[str, ...]
    pooling: str  # "mean", "cls", "last"
    window: int  # tokens
    source: str
    query: str = ""
    document: str = ""

    @property
    def wants_prefix(self) -> bool:
        """Whether questions or documents need something in front."""
        return bool(self.query or self.document)


@functools.cache
def families() -> tuple[Family, ...]:
    """All known families, special ones before the general ones that their names contain."""
    return msgspec.convert(tomllib.loads(DATA.read_text(encoding="utf-8"))["family"], tuple[Family, ...])


def family_of(model: str) -> Family | None:
    """The family that a model's name belongs to, None for one that is not known."""
    name = model.casefold()
    return next((family for family in families() if any(known in name for known in family.names)), None)


def document_prefixes() -> tuple[str, ...]:
    """Everything that a pipeline may have put in front of documents: prefixes for documents, then those for queries."""
    known = [family.document for family in families()] + [family.query for family in families()]
    return tuple(dict.fromkeys(prefix for prefix in known if prefix))
