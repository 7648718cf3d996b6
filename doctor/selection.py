"""Which checks a run takes: those for what is examined, less what `--only` and `--skip` leave out by id or category."""

from collections.abc import Collection, Sequence

from doctor.check import Check
from doctor.errors import UsageError
from doctor.nearest import nearest


def suited(checks: Sequence[Check], *, index: bool) -> tuple[Check, ...]:
    """The checks for a server; or those for an index and its embedder."""
    here = ("index", "embedder") if index else ("server", "embedder")
    return tuple(check for check in checks if check.subject in here)


def selected(
    checks: Sequence[Check], only: Collection[str], skip: Collection[str], *, index: bool = False
) -> tuple[Check, ...]:
    """The suited checks in `only` (all when empty), by id or category, without those in `skip`. Raises UsageError."""
    here = suited(checks, index=index)
    names = [check.id for check in here] + sorted({check.category.value for check in here})
    for word in [*only, *skip]:
        if word in names:
            continue
        if any(word in (check.id, check.category) for check in checks):
            raise UsageError(f"{word} is no part of this examination; it belongs to llm-doctor {_command(index)}")
        raise UsageError(f"there is no check or category {word!r}{nearest(word, names)}")
    return tuple(
        check
        for check in here
        if (not only or check.id in only or check.category in only)
        and check.id not in skip
        and check.category not in skip
    )


def _command(index: bool) -> str:
    """The command that the other checks belong to."""
    return "check" if index else "rag"
