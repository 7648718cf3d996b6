"""The system-role check on given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, SystemRole
from tests.given import run_check, symptoms


def said(text: str = "Hello!", **more: object) -> Exchange:
    return Exchange(purpose="P07", status=200, content=text, **more)


def role(
    *, system: bool = True, user: bool | None = None, counts: tuple | None = (26, 156), **more: object
) -> SystemRole:
    without, with_words = counts or (None, None)
    return SystemRole(
        in_system=said(**more),
        in_user=None if user is None else said(),
        obeyed_in_system=system,
        obeyed_in_user=user,
        tokens_without=without,
        tokens_with=with_words,
        system_words=100,
    )


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (role(), []),
        (role(counts=None), []),
        (role(counts=(26, 31)), ["system-text-not-counted"]),
        (role(system=False, user=True, counts=(26, 31)), ["system-text-not-counted"]),
        (role(system=False, user=True), ["system-rule-ignored"]),
        (role(system=False, user=False), []),
        (role(system=False, user=True, stopped_early=True), []),
    ],
)
async def test_counts_and_behaviour_are_judged(fact: SystemRole, expected: list[str]) -> None:
    assert symptoms(await run_check("system-role", [fact])) == expected


async def test_a_missed_rule_is_a_note_when_the_count_shows_that_it_was_read() -> None:
    (read,) = (await run_check("system-role", [role(system=False, user=True)])).findings
    (unknown,) = (await run_check("system-role", [role(system=False, user=True, counts=None)])).findings

    assert (read.severity, unknown.severity) == ("note", "warning")


@pytest.mark.parametrize(
    ("obeyed", "expected"),
    [((True, True), []), ((True, False), ["system-rule-ignored"]), ((False, False), ["system-rule-ignored"])],
)
async def test_one_miss_of_three_is_chance(obeyed: tuple[bool, ...], expected: list[str]) -> None:
    fact = msgspec.structs.replace(role(system=False, user=True), again=(said(), said()), obeyed_again=obeyed)

    assert symptoms(await run_check("system-role", [fact])) == expected


async def test_a_refused_system_text_is_seen_and_a_missing_key_is_not() -> None:
    refused = SystemRole(in_system=Exchange(purpose="P07", status=400, error="System role not supported"))
    locked = SystemRole(in_system=Exchange(purpose="P07", status=401, error="Invalid API Key"))

    assert symptoms(await run_check("system-role", [refused])) == ["system-role-refused"]
    with pytest.raises(Skip, match="Invalid API Key"):
        await run_check("system-role", [locked])


async def test_a_weak_model_without_counts_is_not_judged() -> None:
    with pytest.raises(Skip, match="nowhere"):
        await run_check("system-role", [role(system=False, user=False, counts=None)])
