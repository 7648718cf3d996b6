"""The check tool-result on given answers."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, ToolResult
from tests.given import run_check, symptoms


def result(*, used: bool = False, repeated: bool = False, small: bool = False, **fields: object) -> ToolResult:
    of_result = {name: fields.pop(name) for name in ("unanswered", "native") if name in fields}
    exchange = Exchange(**({"purpose": "P20", "status": 200, "content": "Hello.", "finish_reason": "stop"} | fields))
    return ToolResult(exchange=exchange, used=used, repeated_call=repeated, small_model=small, **of_result)


async def test_a_used_result_passes() -> None:
    assert symptoms(await run_check("tool-result", [result(used=True)])) == []


@pytest.mark.parametrize("small", [True, False])
@pytest.mark.parametrize("status", [400, 500])
async def test_a_failing_second_step_is_seen_at_any_size(status: int, small: bool) -> None:
    fact = result(status=status, error="Can only get item pairs from a mapping.", small=small)

    verdict = await run_check("tool-result", [fact])

    assert symptoms(verdict) == ["tool-result-refused"]
    assert str(status) in verdict.findings[0].summary


@pytest.mark.parametrize("repeated", [True, False])
async def test_an_ignored_result_is_seen(repeated: bool) -> None:
    verdict = await run_check("tool-result", [result(repeated=repeated)])

    assert symptoms(verdict) == ["tool-result-ignored"]
    assert ("same again" in verdict.findings[0].summary) is repeated


async def test_a_turn_without_a_word_is_seen() -> None:
    verdict = await run_check("tool-result", [result(content="", unanswered=True)])

    assert symptoms(verdict) == ["tool-result-unanswered"]


async def test_a_failure_on_the_native_route_alone_is_seen() -> None:
    failed = Exchange(purpose="P20", status=500, error="boom", route="POST /api/chat")

    verdict = await run_check("tool-result", [result(used=True, native=failed)])

    assert symptoms(verdict) == ["tool-result-refused"]
    assert verdict.findings[0].evidence[0].source == "POST /api/chat"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (result(small=True), "two billion"),
        (result(small=True, content="", unanswered=True), "two billion"),
        (result(content="", reasoning="hm"), "ended before"),
        (result(finish_reason="length"), "ended before"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact: ToolResult, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-result", [fact])
