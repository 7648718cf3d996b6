"""The thinking-on check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, ThinkingOn
from tests.given import run_check, symptoms


def thought(content: str, share: float = 0.5, tokens: int = 200, **fields: object) -> ThinkingOn:
    exchange = Exchange(purpose="P12", status=200, content=content, reasoning="hm", completion_tokens=tokens, **fields)
    return ThinkingOn(exchange=exchange, right=True, hidden_share=share)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (thought("51"), []),
        (thought("51", 0.8), []),
        (thought("51", 0.81), ["thinking-hides-most"]),
        (thought("51", 0.99, tokens=199), []),
        (thought("", 1.0, finish_reason="stop"), ["thought-without-answer"]),
    ],
)
async def test_hidden_thinking_and_lost_answers_are_told_apart(fact: ThinkingOn, expected: list[str]) -> None:
    assert symptoms(await run_check("thinking-on", [fact])) == expected


@pytest.mark.parametrize("fields", [{"finish_reason": "length"}, {"stopped_early": True}])
async def test_a_thought_that_was_still_going_on_is_not_scored(fields: dict) -> None:
    with pytest.raises(Skip, match="still going on"):
        await run_check("thinking-on", [thought("", 1.0, **fields)])
