"""The check tool-arguments on given calls."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import NATIVE, answer, call, pair, stream, trial
from tests.given import run_check, symptoms


@pytest.mark.parametrize("arguments", ['{"city": "Oslo"}', "{}", ""])
async def test_calls_that_can_be_used_pass(arguments: str) -> None:
    assert symptoms(await run_check("tool-arguments", [answer(trial("T1", call(arguments=arguments)))])) == []


@pytest.mark.parametrize(
    ("made", "symptom"),
    [
        (trial("T1", call("search_web")), "tool-name-unknown"),
        (trial("T1", call("functions.get_weather")), "tool-name-unknown"),
        (trial("T1", call_as_text="<tool_call>", named_in_text="search_web"), "tool-name-unknown"),
        (trial("T1", call(arguments='{"city": ')), "tool-arguments-not-json"),
        (trial("T1", call(arguments="[1]")), "tool-arguments-not-json"),
        (trial("T1", call(kind="object")), "tool-arguments-wrong-type"),
        (trial("T1", call(), route=NATIVE), "tool-arguments-wrong-type"),
    ],
)
async def test_each_fault_of_a_call_is_seen(made, symptom: str) -> None:
    assert symptoms(await run_check("tool-arguments", [answer(made)])) == [symptom]


@pytest.mark.parametrize(
    "made",
    [
        trial("T1", call(kind="object"), route=NATIVE),
        trial("T1", call(kind="missing", arguments="")),
        trial("T1", call(arguments='{"city": '), finish_reason="length"),
        trial("T1", call_as_text="a call written as code", named_in_text="functions.get_weather"),
    ],
)
async def test_what_the_contract_allows_passes(made) -> None:
    assert symptoms(await run_check("tool-arguments", [answer(made)])) == []


async def test_a_name_out_of_the_look_alikes_is_left_to_the_items() -> None:
    assert symptoms(await run_check("tool-arguments", [answer(trial("T1", call()), trial("T9b", call("nope")))])) == []


@pytest.mark.parametrize(
    ("streamed", "seen"),
    [(call(kind="object"), ["tool-arguments-wrong-type"]), (call(), []), (call(arguments='{"'), [])],
)
async def test_of_a_stream_only_the_type_is_looked_at(streamed, seen: list[str]) -> None:
    facts = [answer(trial("T1", call())), stream(pair("T1", streamed, whole=(call(),)))]

    verdict = await run_check("tool-arguments", facts)

    assert symptoms(verdict) == seen
    assert all("in a stream" in finding.summary for finding in verdict.findings)


async def test_a_fault_is_reported_once() -> None:
    fact = answer(*[trial(item, call("nope")) for item in ("T1", "T2", "T3")])

    verdict = await run_check("tool-arguments", [fact])

    assert [(f.symptom, f.subject) for f in verdict.findings] == [("tool-name-unknown", "T1")]


@pytest.mark.parametrize("made", [trial("T1"), trial("T1", call_as_text="<tool_call>")])
async def test_without_a_call_and_a_name_there_is_nothing_to_judge(made) -> None:
    with pytest.raises(Skip, match="no tool was called"):
        await run_check("tool-arguments", [answer(made)])
