"""The check tool-items on given scores."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, ToolWindow
from tests.checks.tools.trials import answer, call, trial
from tests.given import run_check, symptoms

CONTROL = ControlAnswers(exchanges=(), right=(True, True))
BIG, MIDDLE, LITTLE, SMALL = 30_000_000_000, 8_000_000_000, 3_000_000_000, 1_000_000_000


def scored(item: str, right: bool, missed: str = "city is 'Rome'"):
    return trial(item, call(), semantic_ok=right, missed="" if right else missed)


def items(right: int, count: int = 6) -> list:
    return [scored(f"T{n}", n <= right) for n in range(1, count + 1)]


@pytest.mark.parametrize(
    ("parameters", "right", "limited"),
    [
        (BIG, 5, False),
        (BIG, 4, True),
        (MIDDLE, 4, False),
        (MIDDLE, 3, True),
        (LITTLE, 3, False),
        (LITTLE, 2, True),
        (SMALL, 2, False),
        (SMALL, 1, True),
        (2_000_000_000, 2, True),
        (None, 2, False),
        (None, 1, True),
    ],
)
async def test_what_is_expected_grows_with_the_model(parameters: int | None, right: int, limited: bool) -> None:
    verdict = await run_check("tool-items", [answer(*items(right), parameters=parameters)])

    assert symptoms(verdict) == (["tool-items-missed"] if limited else [])
    assert verdict.evidence[0].value == f"{right} of 6"


async def test_a_limited_model_is_a_note_that_says_what_was_missed() -> None:
    verdict = await run_check("tool-items", [answer(*items(1), parameters=BIG), CONTROL])

    assert verdict.findings[0].severity == "note"
    assert "T3: city is 'Rome'" in verdict.findings[0].summary
    assert verdict.findings[0].evidence[1].value == "0.03 to 0.56"


@pytest.mark.parametrize(("again", "right"), [((True, True), 1), ((True, False), 0), ((False, False), 0)])
async def test_two_of_three_wordings_decide(again: tuple[bool, bool], right: int) -> None:
    wordings = [scored("T1", False), scored("T1b", again[0]), scored("T1c", again[1])]

    verdict = await run_check("tool-items", [answer(*wordings, parameters=SMALL)])

    assert verdict.evidence[0].value == f"{right} of 1"


def failed(*names: str) -> list:
    return [scored(name + letter, False) for name in names for letter in ("", "b", "c")]


async def test_one_right_wording_of_two_decides_nothing() -> None:
    wordings = [scored("T1", False), scored("T1b", True)]

    assert (await run_check("tool-items", [answer(*wordings)])).evidence[0].value == "0 of 1"


@pytest.mark.parametrize("parameters", [BIG, 2_000_000_000])
async def test_half_of_the_items_missed_in_every_wording_is_a_fault_of_a_large_model(parameters: int) -> None:
    trials = [scored("T1", True), *failed("T2", "T3", "T4")]

    verdict = await run_check("tool-items", [answer(*trials, parameters=parameters), CONTROL])

    assert [(f.symptom, f.severity) for f in verdict.findings] == [("tool-calls-wrong", "warning")]


@pytest.mark.parametrize(
    ("trials", "parameters", "right"),
    [
        ([scored("T1", True), scored("T2", True), *failed("T3", "T4")], SMALL, (True, True)),
        ([scored("T1", True), scored("T2", True), *failed("T3", "T4")], None, (True, True)),
        ([scored("T1", True), scored("T2", True), *failed("T3", "T4")], BIG, (True, False, False)),
        ([scored("T1", True), scored("T2", False), scored("T3", False), scored("T4", False)], BIG, (True, True)),
        ([scored("T1", True), scored("T2", True), scored("T3", True), *failed("T4", "T7", "T9")], BIG, (True, True)),
        (failed("T1"), BIG, (True, True)),
    ],
    ids=["small", "unknown size", "control fails", "one wording", "other items", "one item"],
)
async def test_without_the_whole_proof_it_stays_a_note(trials: list, parameters: int | None, right: tuple) -> None:
    facts = [answer(*trials, parameters=parameters), ControlAnswers(exchanges=(), right=right)]

    assert "tool-calls-wrong" not in symptoms(await run_check("tool-items", facts))


async def test_the_twenty_tools_count_when_they_were_asked() -> None:
    many = ToolWindow(many=scored("T8", True))

    verdict = await run_check("tool-items", [answer(scored("T1", True)), many])

    assert verdict.evidence[0].value == "2 of 2"


async def test_thinking_and_calls_in_the_text_are_left_out() -> None:
    other = [trial("T1", semantic_ok=False, thinking=True), trial("T2", semantic_ok=False, call_as_text="<tool_call>")]

    assert (await run_check("tool-items", [answer(scored("T3", True), *other)])).evidence[0].value == "1 of 1"


@pytest.mark.parametrize(
    "fact",
    [
        answer(trial("T1", semantic_ok=False), trial("T5", semantic_ok=True)),
        answer(trial("T1", call_as_text="<tool_call>", semantic_ok=False)),
        answer(trial("T1", status=400, error="no")),
    ],
)
async def test_without_a_call_there_is_nothing_to_compare(fact) -> None:
    with pytest.raises(Skip, match="nothing to compare"):
        await run_check("tool-items", [fact])
