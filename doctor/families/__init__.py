"""Families of chat models: how they mark turns, and chat templates that were published for them.

`families.toml` holds the markers, `templates.csv` one row for each published template: the start of the SHA-256 of its
normalised text, its family, and where it was read.
"""

import csv
import functools
import hashlib
import tomllib
from pathlib import Path

import msgspec

from doctor.text import plain

FOLDER = Path(__file__).parent
HASH_CHARACTERS = 16
MAX_TEMPLATE = 200_000


class Family(msgspec.Struct, frozen=True, kw_only=True):
    """How one family marks turns; fields as in `families.toml`."""

    id: str
    title: str
    user: str
    ends: tuple[str, ...]
    marks: tuple[str, ...]
    architectures: tuple[str, ...]
    source: tuple[str, str, str]

    def prompt(self, text: str) -> str:
        """One question and the header of its answer."""
        return self.user.replace("{text}", text)


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """A chat template that somebody published, and where it was read."""

    sha256: str
    family: str
    language: str  # "jinja" or "go"
    model: str
    repository: str
    commit: str
    path: str


@functools.cache
def families() -> dict[str, Family]:
    """All families by id, in the order of the file."""
    entries = tomllib.loads((FOLDER / "families.toml").read_text(encoding="utf-8"))
    return {id_: msgspec.convert({**fields, "id": id_}, Family) for id_, fields in entries.items()}


@functools.cache
def published() -> dict[str, Published]:
    """All published templates by hash."""
    with (FOLDER / "templates.csv").open(encoding="utf-8", newline="") as file:
        rows = [Published(**row) for row in csv.DictReader(file)]
    return {row.sha256: row for row in rows}


def template_hash(text: str) -> str:
    """The start of the SHA-256 of a template's text: white space folded, what no terminal shows left out."""
    normal = " ".join(plain(text, MAX_TEMPLATE).split())
    return hashlib.sha256(normal.encode()).hexdigest()[:HASH_CHARACTERS]


def known_template(text: str) -> Published | None:
    """The published template that this is, None when it is none of them."""
    return published().get(template_hash(text))


def family_of_model(end_token: str, architecture: str) -> Family | None:
    """The family that a model was made for, by its end token, else by its architecture; None when that is not clear."""
    ending = [family for family in families().values() if end_token and end_token in family.ends]
    built = [
        family for family in ending or families().values() if architecture and architecture in family.architectures
    ]
    found = built or [family for family in ending if not family.architectures]
    return found[0] if len(found) == 1 else None


def families_of_text(text: str) -> tuple[Family, ...]:
    """Families whose marks stand in a template or a rendered prompt."""
    return tuple(family for family in families().values() if any(mark in text for mark in family.marks))
