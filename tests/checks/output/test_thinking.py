"""The thinking check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ControlAnswers, Exchange, Thinking
from tests.given import run_check, symptoms


def said(content: str = "51", reasoning: str = "", finish: str = "stop") -> Exchange:
    return Exchange(purpose="P12", status=200, content=content, reasoning=reasoning, finish_reason=finish)


EATEN = said("", "17 * 3 =", "length")
THOUGHT = said("51", "17 * 3 = 51")


def control(*exchanges: Exchange) -> ControlAnswers:
    return ControlAnswers(exchanges=exchanges, right=(True,) * len(exchanges))


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([Thinking(exchange=said(), right=True)], []),
        ([Thinking(exchange=THOUGHT, right=True)], ["thinking-not-switchable"]),
        ([Thinking(exchange=THOUGHT, right=True, switch_sent=False)], []),
        ([Thinking(exchange=THOUGHT, right=True), control(EATEN)], ["thinking-not-switchable"]),
        (
            [Thinking(exchange=THOUGHT, right=True), control(EATEN, EATEN)],
            ["thinking-not-switchable", "thinking-eats-answer"],
        ),
        ([Thinking(exchange=EATEN, right=False, switch_sent=False), control(EATEN, EATEN)], []),
        (
            [Thinking(exchange=said("", "51"), right=False, switch_sent=False)],
            ["thinking-eats-answer"],
        ),
        ([Thinking(exchange=said("<think>\n\n</think>\n51"), right=True)], ["think-tag-leak"]),
        ([Thinking(exchange=said("17 * 3 = 51</think>51"), right=True)], ["think-tag-leak"]),
    ],
)
async def test_each_way_of_thinking_is_judged(facts: list, expected: list[str]) -> None:
    assert symptoms(await run_check("thinking", facts)) == expected


async def test_thinking_that_cannot_be_switched_off_is_a_note() -> None:
    (finding,) = (await run_check("thinking", [Thinking(exchange=THOUGHT, right=True)])).findings

    assert finding.severity == "note"


async def test_a_refused_question_is_not_judged() -> None:
    refused = Exchange(purpose="P12", status=500, error="no")

    with pytest.raises(Skip):
        await run_check("thinking", [Thinking(exchange=refused, right=False)])
