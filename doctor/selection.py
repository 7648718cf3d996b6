"""Which checks a run takes: `--only` and `--skip` by id or category."""

from collections.abc import Collection, Sequence

from doctor.check import Check
from doctor.errors import UsageError
from doctor.nearest import nearest


def selected(checks: Sequence[Check], only: Collection[str], skip: Collection[str]) -> tuple[Check, ...]:
    """The checks named by id or category in `only` (all when empty) without those in `skip`. Raises UsageError."""
    names = [check.id for check in checks] + sorted({check.category.value for check in checks})
    for word in [*only, *skip]:
        if word not in names:
            raise UsageError(f"there is no check or category {word!r}{nearest(word, names)}")
    return tuple(
        check
        for check in checks
        if (not only or check.id in only or check.category in only)
        and check.id not in skip
        and check.category not in skip
    )
