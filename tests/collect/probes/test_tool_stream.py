"""P19 on the real engine and on façades that stream."""

import json

import pytest

from doctor.errors import Skip
from doctor.facts import Echo, Exchange, ToolAnswer, ToolStream
from doctor.model import Depth
from doctor.ward.engine import serve
from tests.collect.probes.asking import Budget, context_for
from tests.collect.probes.plain_server import asked, call, events, reply, sent

LIMA, CAIRO = '{"city": "Lima", "unit": "c"}', '{"city": "Cairo", "unit": "c"}'
TWO = [call("get_weather", LIMA, index=0), call("get_weather", CAIRO, index=1)]
SLOW = Echo(
    expected="x",
    exchange=Exchange(purpose="e", status=200, content="fine", completion_tokens=20, decode_tok_s=2.0),
    similarity=1.0,
)


def answering(streamed, *, whole=None):
    """One call for the first question, two for the second city; streams are what `streamed` makes of the question."""

    def answer(body: dict) -> object:
        text = sent(body)
        if body.get("stream"):
            return streamed(text)
        if "time" in text:
            return reply(tool_calls=[call("get_server_time", "{}")])
        return whole or reply(tool_calls=TWO if "Cairo" in text else TWO[:1])

    return answer


def pieces(text: str, *, index=(0, 1)) -> object:
    """Both calls in pieces as vLLM sends them."""
    if "time" in text:
        return events({"tool_calls": [{"index": 0, "id": "t", "function": {"name": "get_server_time"}}]})
    deltas = []
    for place, given in zip(index, (LIMA, CAIRO), strict=True):
        head = {"index": place, "id": f"id{given[10]}", "function": {"name": "get_weather"}}
        deltas += [{"tool_calls": [head]}]
        deltas += [
            {"tool_calls": [{"index": place, "function": {"arguments": part}}]} for part in (given[:9], given[9:])
        ]
    return events(*deltas, finish="tool_calls")


async def test_the_engine_streams_the_calls_that_it_makes() -> None:
    """Real engine, one of its own: what others asked before stays in the cache and may tip a close choice of words."""
    async with serve() as own, context_for(own.url) as context:
        two, time = (await context.fact(ToolStream)).pairs

    assert (two.streamed.item, time.streamed.item) == ("T3", "T7")
    assert [c.arguments for c in two.streamed.exchange.tool_calls] == [c.arguments for c in two.whole]
    assert two.streamed.exchange.calls_by_index == two.streamed.exchange.tool_calls
    assert [c.arguments for c in time.streamed.exchange.tool_calls] == ["{}"]
    assert (time.whole, time.control) == (None, None)


async def test_pieces_are_put_together_by_id_and_by_index() -> None:
    async with asked(answering(pieces)) as context:
        exchange = (await context.fact(ToolStream)).pairs[0].streamed.exchange

    assert [json.loads(c.arguments)["city"] for c in exchange.tool_calls] == ["Lima", "Cairo"]
    assert [(c.index, c.pieces) for c in exchange.tool_calls] == [(0, 3), (1, 3)]
    assert exchange.calls_by_index == exchange.tool_calls


async def test_a_shared_index_shows_as_one_call_by_index() -> None:
    async with asked(answering(lambda text: pieces(text, index=(0, 0)))) as context:
        exchange = (await context.fact(ToolStream)).pairs[0].streamed.exchange

    assert len(exchange.tool_calls) == 2
    assert [c.arguments for c in exchange.calls_by_index] == [LIMA + CAIRO]


async def test_several_whole_calls_in_one_piece_are_allowed() -> None:
    whole = [{**each, "index": place} for place, each in enumerate(TWO)]
    without = [{k: v for k, v in each.items() if k != "index"} for each in whole]
    for calls in (whole, without):
        async with asked(answering(lambda _, calls=calls: events({"tool_calls": calls}))) as context:
            exchange = (await context.fact(ToolStream)).pairs[0].streamed.exchange

        assert [c.arguments for c in exchange.calls_by_index] == [LIMA, CAIRO]


async def test_dropped_empty_arguments_are_asked_for_in_one_piece() -> None:
    async with asked(answering(pieces)) as context:
        pair = (await context.fact(ToolStream)).pairs[1]

    assert [c.arguments_type for c in pair.streamed.exchange.tool_calls] == ["missing"]
    assert [c.arguments for c in pair.whole] == ["{}"]
    assert pair.control.item == "T7"


async def test_with_fewer_calls_in_the_stream_both_ways_are_asked_again() -> None:
    async with asked(answering(lambda _: events({"content": "Let me see."}))) as context:
        pairs = (await context.fact(ToolStream)).pairs

    assert [pair.streamed.item for pair in pairs] == ["T3", "T3", "T7"]
    assert [len(pair.whole or ()) for pair in pairs] == [2, 2, 0]
    assert [pair.control is not None for pair in pairs] == [False, True, False]


async def test_a_name_that_is_repeated_in_every_piece_begins_no_new_call() -> None:
    def named(part: str) -> dict:
        return {"tool_calls": [{"index": 0, "function": {"name": "get_weather", "arguments": part}}]}

    async with asked(answering(lambda _: events(named(LIMA[:9]), named(LIMA[9:]), named(CAIRO)))) as context:
        exchange = (await context.fact(ToolStream)).pairs[0].streamed.exchange

    assert [c.arguments for c in exchange.tool_calls] == [LIMA, CAIRO]


async def test_a_slow_server_streams_one_call_only() -> None:
    async with asked(answering(pieces), SLOW) as context:
        pairs = (await context.fact(ToolStream)).pairs

    assert [pair.streamed.item for pair in pairs] == ["T1"]


async def test_a_deep_run_streams_the_simple_item_and_ollamas_own_route() -> None:
    paths: list[str] = []

    def answer(body: dict) -> object:
        paths.append(body["_path"])
        if body["_path"] == "/api/chat":
            calls = [{"function": {"index": n, "name": "get_weather", "arguments": {"city": "x"}}} for n in (0, 1)]
            return {"message": {"content": "", "tool_calls": calls}, "done": True, "done_reason": "stop"}
        return answering(pieces)(body)

    async with asked(answer, runtime="ollama", depth=Depth.DEEP) as context:
        pairs = (await context.fact(ToolStream)).pairs

    assert [(pair.streamed.item, pair.streamed.native) for pair in pairs] == [
        ("T3", False),
        ("T7", False),
        ("T1", False),
        ("T3", True),
    ]
    assert [c.arguments_type for c in pairs[-1].streamed.exchange.tool_calls] == ["object", "object"]


async def test_without_a_whole_call_there_is_nothing_to_compare() -> None:
    async with asked(answering(pieces, whole=reply("No idea."))) as context:
        with pytest.raises(Skip, match="cannot be compared"):
            await context.fact(ToolStream)


@pytest.mark.parametrize(("requests", "pairs"), [(0, None), (1, 1), (2, 2)])
async def test_what_the_budget_ends_is_kept(requests: int, pairs: int | None) -> None:
    async with asked(answering(lambda _: events({"tool_calls": TWO}))) as context:
        await context.fact(ToolAnswer)
        context.budget = Budget(requests=requests, output_tokens=1000, deadline_s=60)
        if pairs is None:
            with pytest.raises(Skip, match="budget"):
                await context.fact(ToolStream)
        else:
            assert len((await context.fact(ToolStream)).pairs) == pairs
