"""The check tool-stream on given pairs: the same question streamed and in one piece."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import NATIVE, call, pair, stream
from tests.given import run_check, symptoms

WHOLE = (call(id="a"),)
TWO = (call(arguments='{"city": "Lima"}', id="a"), call(arguments='{"city": "Cairo"}', id="b"))


@pytest.mark.parametrize(
    "made",
    [
        pair("T1", *WHOLE, whole=WHOLE),
        pair("T1", call(arguments='{"city": "Rome"}'), whole=WHOLE),
        pair("T3", *TWO, whole=TWO),
        pair("T7", call("get_server_time", ""), whole=None),
        pair("T7", call("get_server_time", ""), whole=(call("get_server_time", "{}"),)),
        pair("T1", call(arguments='{"ci'), whole=WHOLE, finish_reason="length"),
        pair("T1", call(arguments=""), whole=(call(arguments="{"),)),
        pair("T1", call(arguments='{"city": "Oslo"}', kind="object"), whole=WHOLE, route=NATIVE),
    ],
    ids=["equal", "other value", "two calls", "no whole", "nothing to lose", "cut off", "broken in both", "native"],
)
async def test_streams_that_lose_nothing_pass(made) -> None:
    assert symptoms(await run_check("tool-stream", [stream(made)])) == []


@pytest.mark.parametrize(
    ("arguments", "kind", "word"),
    [("", "missing", "missing"), ("", "string", "missing"), ('{"city"', "string", "broken")],
)
async def test_arguments_that_the_stream_loses_are_seen(arguments: str, kind: str, word: str) -> None:
    verdict = await run_check("tool-stream", [stream(pair("T1", call(arguments=arguments, kind=kind), whole=WHOLE))])

    assert symptoms(verdict) == ["tool-stream-arguments-lost"]
    assert word in verdict.findings[0].summary
    assert verdict.findings[0].evidence[0].value == (arguments or kind)
    assert verdict.findings[0].evidence[-1].value == "the server's stream"


async def test_the_second_of_two_calls_is_compared_with_its_own_twin() -> None:
    lost = pair("T3", TWO[0], call(arguments=""), whole=TWO)

    verdict = await run_check("tool-stream", [stream(lost)])

    assert symptoms(verdict) == ["tool-stream-arguments-lost"]
    assert "Cairo" in str(verdict.findings[0].evidence[1].value)


@pytest.mark.parametrize(
    "pairs",
    [
        [pair("T1", whole=WHOLE, finish_reason="tool_calls")],
        [pair("T1", whole=WHOLE, finish_reason="stop", call_as_text="<tool_call>")],
        [pair("T1", whole=WHOLE, finish_reason="stop", call_in_thinking="<tool_call>")],
        [pair("T1", whole=WHOLE, finish_reason="stop")] * 2,
        [pair("T3", TWO[0], whole=TWO)] * 2,
    ],
    ids=["ends for a call", "left in the text", "left in the thinking", "twice nothing", "twice one of two"],
)
async def test_calls_that_the_stream_loses_are_seen(pairs: list) -> None:
    verdict = await run_check("tool-stream", [stream(*pairs)])

    assert symptoms(verdict) == ["tool-stream-call-lost"]
    assert verdict.findings[0].evidence[1].value in ("nothing", "<tool_call>", "finish reason tool_calls")


@pytest.mark.parametrize(
    "pairs",
    [
        [pair("T1", whole=WHOLE, finish_reason="stop")],
        [pair("T3", TWO[0], whole=TWO)],
        [pair("T3", TWO[0], whole=TWO), pair("T1", whole=WHOLE, finish_reason="stop")],
        [pair("T1", whole=WHOLE, finish_reason="stop"), pair("T1", whole=WHOLE, finish_reason="stop", route=NATIVE)],
        [pair("T3", TWO[0], whole=TWO), pair("T3", TWO[0], whole=TWO[:1])],
        [pair("T1", *WHOLE, whole=WHOLE)] * 2,
    ],
    ids=["nothing once", "one of two once", "two questions", "two routes", "the whole answer changed", "as many"],
)
async def test_a_call_that_is_missing_once_may_be_chance(pairs: list) -> None:
    assert symptoms(await run_check("tool-stream", [stream(*pairs)])) == []


async def test_missing_ids_are_shown_and_no_fault() -> None:
    verdict = await run_check("tool-stream", [stream(pair("T1", call(), whole=WHOLE))])

    assert symptoms(verdict) == []
    assert [each.value for each in verdict.evidence] == [1, False]


async def test_a_refused_stream_is_not_judged() -> None:
    refused = pair("T1", whole=WHOLE, status=400, error="tools cannot be streamed")

    with pytest.raises(Skip, match="cannot be streamed"):
        await run_check("tool-stream", [stream(refused)])
