"""P18 on the real engine and on façades: what is asked, in which order, and what becomes of the answers."""

import json

import pytest

from doctor.collect.probes.tool_items import DEEP, GOODBYE
from doctor.errors import Skip
from doctor.facts import ChatTemplate, Echo, Exchange, ModelCard, ToolAnswer, ToolResult
from doctor.model import Depth
from tests.collect.probes.asking import Budget, context_for
from tests.collect.probes.plain_server import asked, call, reply, sent

ARGUMENTS = '{"city": "Oslo", "unit": "c"}'
JSON_CALL = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'


async def test_the_engine_calls_and_uses_tools(engine: str) -> None:
    """Real engine."""
    async with context_for(engine) as context:
        answer = await context.fact(ToolAnswer)
        result = await context.fact(ToolResult)

    assert [trial.item for trial in answer.trials] == ["T1", "T2", "T3", "T5"]
    assert all(trial.semantic_ok for trial in answer.trials)
    assert not any(trial.schema_errors or trial.call_as_text for trial in answer.trials)
    assert answer.bare is None
    assert result.used


async def test_the_engine_calls_the_deep_items_too(engine: str) -> None:
    """Real engine; it misses the look-alikes, which are asked in two more wordings, and thinks at the end."""
    async with context_for(engine, depth=Depth.DEEP) as context:
        trials = (await context.fact(ToolAnswer)).trials

    asked_for = [trial.item for trial in trials]
    assert asked_for[: len(DEEP) + 1] == [*(item.id for item in DEEP), GOODBYE.id]
    assert asked_for[len(DEEP) + 1 :] == ["T9b", "T9c", "T1"]
    assert (trials[-1].thinking, bool(trials[-1].exchange.reasoning)) == (True, True)
    assert [trial.item for trial in trials if trial.semantic_ok is False] == ["T9", "T9c"]


@pytest.mark.parametrize(
    "fact",
    [ChatTemplate(text="x", caps={"supports_tools": False}), ModelCard(name="m", capabilities=("completion",))],
)
async def test_nothing_is_asked_where_the_server_says_that_there_are_no_tools(fact) -> None:
    def never(body: dict) -> dict:
        pytest.fail("asked")

    async with asked(never, fact) as context:
        with pytest.raises(Skip, match="tools"):
            await context.fact(ToolAnswer)
        with pytest.raises(Skip, match="tools"):
            await context.fact(ToolResult)


async def test_a_refusal_of_tools_is_the_only_trial() -> None:
    refusal = {"error": {"message": "gemma:2b does not support tools"}}
    async with asked(lambda _: (400, refusal)) as context:
        answer = await context.fact(ToolAnswer)
        with pytest.raises(Skip, match="refused already"):
            await context.fact(ToolResult)

    assert [trial.exchange.status for trial in answer.trials] == [400]


async def test_a_call_left_in_the_text_is_named() -> None:
    async with asked(lambda _: reply(f"<tool_call>{JSON_CALL}</tool_call>")) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert (trial.call_as_text, trial.named_in_text) == ("<tool_call>", "get_weather")
    assert trial.called


@pytest.mark.parametrize("where", ["reasoning", "content"])
async def test_a_call_left_in_the_thinking_is_told_apart(where: str) -> None:
    text = f"<tool_call>{JSON_CALL}</tool_call>"
    message = reply("", reasoning_content=text) if where == "reasoning" else reply(f"<think>{text}</think>")
    async with asked(lambda _: message) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert (trial.call_in_thinking, trial.call_as_text) == ("<tool_call>", "")
    assert not trial.eaten


async def test_a_thought_that_took_the_whole_answer_is_not_scored() -> None:
    async with asked(lambda _: reply("", reasoning_content="Let me see.", finish="length")) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert (trial.eaten, trial.semantic_ok, trial.missed) == (True, None, "")
    assert not trial.counts


async def test_a_deep_run_gives_room_to_a_thought_that_cannot_be_switched_off() -> None:
    limits: list[int] = []

    def answer(body: dict) -> dict:
        limits.append(body["max_tokens"])
        if body["max_tokens"] < 200:
            return reply("", reasoning_content="Let me see.", finish="length")
        return reply(tool_calls=[call("get_weather", ARGUMENTS)], reasoning_content="Let me see.")

    async with asked(answer, depth=Depth.DEEP) as context:
        trials = (await context.fact(ToolAnswer)).trials

    assert [trial.item for trial in trials[:3]] == ["T1", "T1", "T2"]
    assert [trial.eaten for trial in trials[:2]] == [True, False]
    assert trials[1].semantic_ok
    assert min(limits[1:]) > 1024


async def test_without_any_call_a_new_text_is_sent_with_a_tool_and_without() -> None:
    texts: list[tuple[str, int]] = []

    def answer(body: dict) -> dict:
        texts.append((sent(body), len(body.get("tools", ()))))
        return reply("No idea.", prompt_tokens=40 if body.get("tools") else 12)

    async with asked(answer) as context:
        found = await context.fact(ToolAnswer)

    assert found.tool_tokens == 28
    assert not found.tools_lost
    assert texts[-1][0] == texts[-2][0] != texts[0][0]
    assert [tools for _, tools in texts] == [1, 4, 1, 2, 1, 0]
    assert texts[-1][0].endswith(texts[0][0])
    assert not any(trial.semantic_ok for trial in found.trials if trial.item != "T5")


@pytest.mark.parametrize(("with_tool", "lost"), [(31, True), (32, False)])
async def test_a_prompt_that_is_hardly_longer_does_not_hold_the_tool(with_tool: int, lost: bool) -> None:
    async with asked(lambda body: reply("No.", prompt_tokens=with_tool if body.get("tools") else 12)) as context:
        assert (await context.fact(ToolAnswer)).tools_lost is lost


async def test_a_needless_call_is_asked_for_twice_more() -> None:
    answer = reply(tool_calls=[call("get_weather", ARGUMENTS)])
    async with asked(lambda _: answer) as context:
        trials = (await context.fact(ToolAnswer)).trials

    assert [trial.item for trial in trials] == ["T1", "T2", "T3", "T5", "T5b", "T5c"]
    assert [trial.needs_call for trial in trials] == [True, True, True, False, False, False]


async def test_a_broken_model_is_asked_once_for_the_plumbing() -> None:
    garbage = Echo(expected="x", exchange=Exchange(purpose="e", status=200, content="G" * 200), similarity=0.0)
    async with asked(lambda _: reply(f"<tool_call>{JSON_CALL}</tool_call>"), garbage) as context:
        answer = await context.fact(ToolAnswer)

    assert [trial.call_as_text for trial in answer.trials] == ["<tool_call>"]


async def test_a_slow_model_is_asked_less() -> None:
    slow = Echo(
        expected="x",
        exchange=Exchange(purpose="e", status=200, content="fine", completion_tokens=20, decode_tok_s=2.0),
        similarity=1.0,
    )
    async with asked(lambda _: reply("no"), slow) as context:
        answer = await context.fact(ToolAnswer)

    assert [trial.item for trial in answer.trials] == ["T1", "T3", "T5"]


async def test_what_the_budget_ends_is_kept() -> None:
    async with asked(lambda _: reply(tool_calls=[call("get_weather", ARGUMENTS)])) as context:
        context.budget = Budget(requests=2, output_tokens=1000, deadline_s=60)
        answer = await context.fact(ToolAnswer)

    assert [trial.item for trial in answer.trials] == ["T1", "T2"]


async def test_an_ollama_is_asked_one_item_on_its_own_route() -> None:
    """Façade; arguments are an object there."""
    paths: list[str] = []

    def answer(body: dict) -> dict:
        paths.append(body["_path"])
        if body["_path"] != "/api/chat":
            return reply(tool_calls=[call("get_weather", ARGUMENTS)])
        given = {"amount": 250, "from": "USD", "to": "EUR"}
        message = {"tool_calls": [{"function": {"name": "convert_currency", "arguments": given}}]}
        return {"message": {"role": "assistant", "content": "", **message}, "done": True, "done_reason": "stop"}

    async with asked(answer, runtime="ollama") as context:
        trials = (await context.fact(ToolAnswer)).trials

    assert [path == "/api/chat" for path in paths[:4]] == [False, True, False, False]
    assert [(trial.item, trial.native) for trial in trials[:2]] == [("T1", False), ("T2", True)]
    assert trials[1].exchange.tool_calls[0].arguments_type == "object"
    assert trials[1].semantic_ok


async def test_arguments_of_a_wrong_type_are_kept_as_they_came() -> None:
    async with asked(lambda _: reply(tool_calls=[call("get_weather", json.loads(ARGUMENTS))])) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert trial.exchange.tool_calls[0].arguments_type == "object"
    assert trial.schema_errors == ()
    assert trial.semantic_ok
