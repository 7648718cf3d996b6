"""The check hidden-thinking on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, DecodeSpeed, Exchange, Thinking
from doctor.model import Severity
from tests.given import run_check, symptoms


def said(content, reasoning_characters=0, status=200):
    return Exchange(purpose="P", status=status, content=content, reasoning="w" * reasoning_characters)


def facts(*answers):
    first, *others = answers
    control = ControlAnswers(exchanges=tuple(others), right=(True,) * len(others))
    return [Thinking(exchange=first, right=True), control]


async def test_answers_that_are_mostly_reasoning_are_a_note():
    found = await run_check("hidden-thinking", facts(said("51", 200), said("Paris", 180)))
    assert symptoms(found) == ["thinking-dominates"]
    assert found.findings[0].severity is Severity.NOTE
    assert "2 % of what the model wrote was answer" in found.findings[0].summary


async def test_a_thought_between_tags_counts_as_hidden():
    answers = facts(*(said(f"<think>{'w' * 300}</think>51") for _ in range(2)))
    assert symptoms(await run_check("hidden-thinking", answers)) == ["thinking-dominates"]


@pytest.mark.parametrize(
    "answers",
    [
        (said("51"), said("Paris")),
        (said("51", 380), said("Paris")),  # one thought may be chance
        (said("51", 140), said("Paris", 150)),  # too little to wait for
        (said("x" * 50, 200), said("y" * 50, 200)),
    ],
)
async def test_visible_answers_and_short_thoughts_are_healthy(answers):
    assert symptoms(await run_check("hidden-thinking", facts(*answers))) == []


async def test_the_long_answer_of_the_run_counts_too():
    speed = DecodeSpeed(exchange=said("z" * 600), tok_s=40, tokens=120, source="stream")
    assert symptoms(await run_check("hidden-thinking", [*facts(said("51", 200), said("Paris", 180)), speed])) == []


async def test_a_model_that_wrote_nothing_is_skipped():
    with pytest.raises(Skip, match="wrote nothing"):
        await run_check("hidden-thinking", facts(said(""), said("", 500, status=500)))
