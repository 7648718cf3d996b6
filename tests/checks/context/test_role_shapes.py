"""The role-shapes check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, RoleShapes
from tests.given import run_check, symptoms


def answered(status: int, error: str = "") -> Exchange:
    return Exchange(purpose="P08", status=status, error=error)


ALTERNATE = answered(400, "Conversation roles must alternate user/assistant")


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (RoleShapes(two_users=answered(200)), []),
        (RoleShapes(two_users=ALTERNATE), ["role-shape-refused"]),
        (RoleShapes(two_users=answered(500, "template error")), ["role-shape-refused"]),
        (RoleShapes(two_users=answered(200), late_system=answered(200)), []),
        (RoleShapes(two_users=answered(200), late_system=ALTERNATE), ["late-system-refused"]),
        (RoleShapes(two_users=answered(200), assistant_first=answered(200)), []),
        (RoleShapes(two_users=answered(200), assistant_first=ALTERNATE), ["assistant-first-refused"]),
        (RoleShapes(two_users=answered(200), assistant_first=answered(429)), []),
        (
            RoleShapes(two_users=ALTERNATE, late_system=ALTERNATE, assistant_first=ALTERNATE),
            ["role-shape-refused", "late-system-refused", "assistant-first-refused"],
        ),
    ],
)
async def test_refusals_are_seen(fact: RoleShapes, expected: list[str]) -> None:
    assert symptoms(await run_check("role-shapes", [fact])) == expected


@pytest.mark.parametrize("status", [401, 429, 503])
async def test_other_failures_say_nothing_about_roles(status: int) -> None:
    with pytest.raises(Skip):
        await run_check("role-shapes", [RoleShapes(two_users=answered(status, "busy"))])
