"""The check tool-use on given answers: which layer lost a call that never came."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, LostCall
from tests.checks.tools.trials import SILENT, answer, bare, call, trial
from tests.given import run_check, symptoms

RAW = Exchange(purpose="raw", status=200, content="Hello. <tool_call>", route="POST /completion")
SILENT_MODEL = LostCall(rendered=True, source="POST /apply-template", raw=RAW)


def layer(verdict) -> str:
    return next(each.value for each in verdict.findings[0].evidence if each.label == "layer that lost the call")


async def test_calls_in_most_questions_pass() -> None:
    fact = answer(trial("T1", call()), trial("T2", call()), trial("T3"), trial("T5"))

    verdict = await run_check("tool-use", [fact])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "2 of 3"


async def test_half_of_the_questions_is_not_most_of_them() -> None:
    fact = answer(trial("T1", call()), trial("T2", call()), SILENT[0], SILENT[1])

    assert symptoms(await run_check("tool-use", [fact])) == ["no-tool-call"]


@pytest.mark.parametrize("more", [[], [trial("T2", call())]])
@pytest.mark.parametrize("lost", [[], [SILENT_MODEL]])
async def test_two_questions_without_a_call_are_the_models(more: list, lost: list) -> None:
    fact = answer(*(more or SILENT[:1]), SILENT[1], SILENT[2], SILENT[3], bare=None if more else bare())

    verdict = await run_check("tool-use", [fact, *lost])

    assert symptoms(verdict) == ["no-tool-call"]
    assert layer(verdict) == "the model"
    assert len(verdict.findings[0].evidence) == (4 if lost else 2)


async def test_a_call_in_the_raw_text_was_lost_by_the_parser() -> None:
    lost = LostCall(rendered=True, raw=RAW, call_in_raw="<tool_call>", named_in_raw="get_weather")

    verdict = await run_check("tool-use", [answer(*SILENT, bare=bare()), lost])

    assert symptoms(verdict) == ["tool-call-swallowed"]
    assert layer(verdict) == "the server's tool parser"
    assert "get_weather" in verdict.findings[0].summary


async def test_a_raw_text_in_other_words_is_another_answer() -> None:
    other = msgspec.structs.replace(RAW, content="<tool_call>")
    lost = LostCall(rendered=True, raw=other, call_in_raw="<tool_call>", named_in_raw="get_weather")

    verdict = await run_check("tool-use", [answer(*SILENT, bare=bare()), lost])

    assert symptoms(verdict) == ["no-tool-call"]


async def test_an_answer_that_ends_for_a_call_and_holds_none_was_emptied_by_the_parser() -> None:
    empty = trial("T1", finish_reason="tool_calls", prompt_tokens=60)

    verdict = await run_check("tool-use", [answer(empty, *SILENT[1:], bare=bare())])

    assert symptoms(verdict) == ["tool-call-swallowed"]


async def test_a_thought_that_ate_the_answer_says_nothing_about_the_model() -> None:
    eaten = [trial(item, reasoning="hm") for item in ("T2", "T3")]

    assert symptoms(await run_check("tool-use", [answer(trial("T1", call()), *eaten)])) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([answer(*SILENT, bare=bare(), small_model=True)], "two billion"),
        ([answer(*SILENT, bare=bare(prompt_tokens=58))], "did not reach"),
        ([answer(*SILENT, bare=bare()), LostCall(rendered=False)], "did not reach"),
        ([answer(*SILENT, bare=bare(text=""))], "too few"),
        ([answer(SILENT[0])], "too few"),
        ([answer(*[trial(i, finish_reason="length") for i in ("T1", "T2", "T3")])], "ended before"),
        ([answer(trial("T1", status=400, error="no tools here"))], "no tools here"),
        ([answer(trial("T1", call_as_text="<tool_call>"))], "see the check tool-call"),
        ([answer(trial("T1", call_in_thinking="<tool_call>"))], "see the check tool-call"),
    ],
)
async def test_silence_that_has_another_reason_is_not_judged(facts: list, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-use", facts)
