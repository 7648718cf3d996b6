"""The pages behind the ids: what a check looks at, and what a playbook says about a cause."""

import re
from collections.abc import Iterable

import msgspec

from doctor.check import Check
from doctor.playbooks import Playbook

SLUG = re.compile(r"(?<![a-z0-9])[a-z0-9]+(?:-[a-z0-9]+)+")  # only from a word's beginning: a long one is read once


class Library(msgspec.Struct, frozen=True, kw_only=True):
    """Checks and playbooks by id, and checks by the symptom that they raise."""

    checks: dict[str, Check] = {}
    playbooks: dict[str, Playbook] = {}
    raised_by: dict[str, str] = {}
    symptom_titles: dict[str, str] = {}


def library(checks: Iterable[Check], playbooks: Iterable[Playbook]) -> Library:
    """The library of these files."""
    checks = tuple(checks)
    symptoms = [(symptom, check.id) for check in checks for symptom in check.symptoms]
    return Library(
        checks={check.id: check for check in checks},
        playbooks={book.id: book for book in playbooks},
        raised_by={symptom.id: check for symptom, check in symptoms},
        symptom_titles={symptom.id: symptom.title for symptom, _ in symptoms},
    )


def in_words(text: str, library: Library) -> str:
    """A sentence in which the ids of symptoms and causes stand as their titles, which a reader knows without a list."""

    def titled(found: re.Match[str]) -> str:
        book = library.playbooks.get(found[0])
        title = library.symptom_titles.get(found[0]) or (book.title if book else "")
        return f'"{title}"' if title else found[0]

    return SLUG.sub(titled, text)
