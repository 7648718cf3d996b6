"""The check tool-finish on given answers."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import NATIVE, answer, call, pair, stream, trial
from tests.given import run_check, symptoms


def ended(*reasons: str, **fields: object) -> list:
    return [trial(f"T{n}", call(), finish_reason=reason, **fields) for n, reason in enumerate(reasons, 1)]


@pytest.mark.parametrize(
    "reasons",
    [
        ("tool_calls", "tool_calls"),
        ("function_call", "function_call"),
        ("stop", "tool_calls"),
        ("stop",),
        ("stop", "length"),
    ],
)
async def test_answers_that_end_for_a_call_pass(reasons: tuple[str, ...]) -> None:
    assert symptoms(await run_check("tool-finish", [answer(*ended(*reasons))])) == []


@pytest.mark.parametrize(("reason", "word"), [("stop", "'stop'"), ("", "'nothing'")])
async def test_answers_that_end_as_text_are_seen(reason: str, word: str) -> None:
    verdict = await run_check("tool-finish", [answer(*ended(reason, reason))])

    assert symptoms(verdict) == ["tool-finish-reason-wrong"]
    assert word in verdict.findings[0].summary


async def test_streams_are_looked_at_by_themselves() -> None:
    pairs = [pair("T3", call(), finish_reason="stop"), pair("T7", call(), finish_reason="stop")]

    verdict = await run_check("tool-finish", [answer(*ended("tool_calls", "tool_calls")), stream(*pairs)])

    assert [(f.symptom, f.subject) for f in verdict.findings] == [("tool-finish-reason-wrong", "streamed")]


async def test_the_same_fault_in_both_is_reported_once() -> None:
    pairs = [pair("T3", call(), finish_reason="stop"), pair("T7", call(), finish_reason="stop")]

    verdict = await run_check("tool-finish", [answer(*ended("stop", "stop")), stream(*pairs)])

    assert [finding.subject for finding in verdict.findings] == ["in one piece"]


async def test_streams_without_calls_and_of_ollamas_own_route_are_left_out() -> None:
    pairs = [pair("T3", finish_reason="stop"), pair("T7", finish_reason="stop")]
    pairs += [pair("T3", call(), finish_reason="stop", route=NATIVE)] * 2

    verdict = await run_check("tool-finish", [answer(*ended("tool_calls")), stream(*pairs)])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "tool_calls"


async def test_a_missing_finish_reason_is_said_as_nothing() -> None:
    assert (await run_check("tool-finish", [answer(*ended(""))])).evidence[0].value == "nothing"


@pytest.mark.parametrize("fact", [answer(*ended("stop", "stop", route=NATIVE)), answer(trial("T1"))])
async def test_other_contracts_and_answers_without_calls_are_not_judged(fact) -> None:
    with pytest.raises(Skip, match="no tool was called"):
        await run_check("tool-finish", [fact])
