"""The control-questions check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, Exchange, ModelCard
from tests.given import run_check, symptoms


def answers(*right: bool, **more: object) -> ControlAnswers:
    exchange = Exchange(purpose="P03", status=200, **({"content": "seven"} | more))
    return ControlAnswers(exchanges=(exchange,) * len(right), right=right)


@pytest.mark.parametrize("right", [(True, True), (False, True, True), (True, False, True)])
async def test_one_miss_is_noise(right: tuple[bool, ...]) -> None:
    assert symptoms(await run_check("control-questions", [answers(*right)])) == []


@pytest.mark.parametrize("right", [(False, True, False), (False, False, False)])
async def test_two_misses_of_three_are_seen(right: tuple[bool, ...]) -> None:
    verdict = await run_check("control-questions", [answers(*right)])

    assert symptoms(verdict) == ["control-answers-wrong"]
    assert verdict.findings[0].severity == "warning"


async def test_a_tiny_model_gets_a_note() -> None:
    card = ModelCard(name="tiny", parameters=500_000_000)

    (finding,) = (await run_check("control-questions", [answers(False, False, False), card])).findings

    assert finding.severity == "note"
    assert "500 million" in finding.summary


@pytest.mark.parametrize("more", [{"content": "", "reasoning": "hm"}, {"stopped_early": True}, {"error": "no"}])
async def test_answers_that_never_came_are_not_scored(more: dict) -> None:
    with pytest.raises(Skip):
        await run_check("control-questions", [answers(False, False, False, **more)])
