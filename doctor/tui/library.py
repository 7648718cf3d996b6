"""The pages behind the ids: what a check looks at, and what a playbook says about a cause."""

from collections.abc import Iterable

import msgspec

from doctor.check import Check
from doctor.playbooks import Playbook


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
