"""The check tool-call on given answers."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import SILENT, answer, bare, call, trial
from tests.given import run_check, symptoms


async def test_calls_that_arrive_as_calls_pass() -> None:
    fact = answer(trial("T1", call()), trial("T2", call()), trial("T3", call(), call()), trial("T5"))

    verdict = await run_check("tool-call", [fact])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "3 of 3"


async def test_a_call_in_the_text_is_seen_once() -> None:
    written = [trial(i, call_as_text="<tool_call>", named_in_text="get_weather") for i in ("T1", "T2", "T3")]

    verdict = await run_check("tool-call", [answer(*written, trial("T5"))])

    assert symptoms(verdict) == ["tool-call-as-text"]
    assert verdict.findings[0].subject == "T1"


async def test_a_call_in_the_thinking_is_seen() -> None:
    fact = answer(trial("T1", call_in_thinking="<tool_call>"), trial("T2"), trial("T3"))

    assert symptoms(await run_check("tool-call", [fact])) == ["tool-call-in-thinking"]


@pytest.mark.parametrize("more", [[], [trial("T2", call())]])
async def test_two_questions_without_a_call_are_a_sign(more: list) -> None:
    fact = answer(*(more or SILENT[:1]), SILENT[1], SILENT[2], SILENT[3], bare=None if more else bare())

    verdict = await run_check("tool-call", [fact])

    assert symptoms(verdict) == ["no-tool-call"]


async def test_one_question_without_a_call_is_chance() -> None:
    fact = answer(trial("T1", call()), trial("T2", call()), trial("T3"), trial("T5"))

    assert symptoms(await run_check("tool-call", [fact])) == []


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answer(*SILENT, bare=bare(), small_model=True), "two billion"),
        (answer(*SILENT, bare=bare(prompt_tokens=58)), "did not reach"),
        (answer(*SILENT, bare=bare(text="")), "too few"),
        (answer(SILENT[0]), "too few"),
        (answer(*[trial(i, finish_reason="length") for i in ("T1", "T2", "T3")]), "ended before"),
        (answer(trial("T1", status=400, error="no tools here")), "no tools here"),
    ],
)
async def test_silence_that_has_another_reason_is_not_judged(fact, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-call", [fact])
