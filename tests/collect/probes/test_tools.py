"""Tool probes: the readers of calls on written texts, and the probes on the real engine and on façades."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.probes.call_text import call_in_text, marked_call
from doctor.collect.probes.schema import SCHEMA
from doctor.collect.probes.tool_items import CURRENCY, DEEP, EVENT, GOODBYE, WEATHER, parsed, violations
from doctor.collect.probes.tool_result import history
from doctor.errors import Skip
from doctor.facts import ChatTemplate, Echo, Exchange, ModelCard, ToolAnswer, ToolCall, ToolResult
from doctor.model import Depth
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, call, reply, sent

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
ARGUMENTS = '{"city": "Oslo", "unit": "c"}'
JSON_CALL = '{"name": "get_weather", "arguments": {"city": "Oslo"}}'


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (f"<tool_call>\n{JSON_CALL}\n</tool_call>", "get_weather"),
        (f"Let me look.\n<tool_call>{JSON_CALL}", "get_weather"),
        ("<function=get_weather>\n<parameter=city>\nOslo\n</parameter>\n</function>", "get_weather"),
        (f"[TOOL_CALLS][{JSON_CALL}]", "get_weather"),
        ('[TOOL_CALLS]get_weather[ARGS]{"city": "Oslo"}', "get_weather"),
        ('<|python_tag|>{"name": "get_weather", "parameters": {"city": "Oslo"}}', "get_weather"),
        ('<|python_tag|>get_weather(city="Oslo")', "get_weather"),
        (f"[TOOL_REQUEST]{JSON_CALL}[END_TOOL_REQUEST]", "get_weather"),
        ('<|channel|>commentary to=functions.get_weather <|constrain|>json<|message|>{"city":"Oslo"}', "get_weather"),
        ('<invoke name="get_weather"><parameter name="city">Oslo</parameter></invoke>', "get_weather"),
        (f"```json\n{JSON_CALL}\n```", "get_weather"),
        (f"I will call it:\n```json\n{JSON_CALL}\n```\nDone.", "get_weather"),
        (JSON_CALL, "get_weather"),
        ('{"name": "get_weather", "parameters": {}}', "get_weather"),
        ('{"tool": "search", "arguments": "{}"}', "search"),
        ('{"type": "function", "function": {"name": "get_weather", "arguments": {}}}', "get_weather"),
        ('functions.get_weather({"city": "Oslo"})', "get_weather"),
        ('[get_weather(city="Oslo", unit="c")]', "get_weather"),
    ],
)
def test_a_call_in_the_text_is_seen_with_its_name(text: str, name: str) -> None:
    assert call_in_text(text, ["get_weather"]).name == name


@pytest.mark.parametrize(
    "text",
    [
        "I would call get_weather with the city Oslo.",
        "To find out, use the get_weather tool (city: Oslo).",
        "You can call get_weather(city) to see the weather, and then decide.",
        '{"city": "Oslo", "unit": "c"}',
        '{"name": "Oslo", "country": "Norway"}',
        '```json\n{"weather": "sunny"}\n```',
        "```python\nprint('hello')\n```",
        "print('hello')",
        '<tool_call>\n{"name": "get_weather", "argum',
        "<tool_call> is the marker that this model uses.",
        "Goodbye!",
        "",
        "[1, 2, 3]",
        "[]",
    ],
)
def test_prose_other_json_and_cut_off_calls_are_no_calls(text: str) -> None:
    assert call_in_text(text, ["get_weather"]) is None


@given(st.text(max_size=300), st.sampled_from(["<tool_call>", "[TOOL_CALLS]", "<|python_tag|>", "```json\n", "", "{"]))
def test_no_text_breaks_the_reader(text: str, start: str) -> None:
    found = call_in_text(start + text, ["get_weather"])

    assert found is None or isinstance(found.name, str)


def test_a_deeply_nested_text_is_no_call() -> None:
    assert call_in_text("<tool_call>" + "[" * 15_000) is None


def test_only_markers_count_inside_the_thinking() -> None:
    assert marked_call(f"I should answer with {JSON_CALL}") is None
    assert marked_call(f"<tool_call>{JSON_CALL}</tool_call>").name == "get_weather"


@pytest.mark.parametrize(
    ("value", "tool", "says"),
    [
        ({"city": "Oslo", "unit": "c"}, WEATHER, []),
        ({"city": "Oslo", "unit": "celsius"}, WEATHER, ["unit is 'celsius', not one of c, f"]),
        ({"unit": "c"}, WEATHER, ["city is missing"]),
        ({"city": 7}, WEATHER, ["city is int, not string"]),
        ({"amount": "250", "from": "USD", "to": "EUR"}, CURRENCY, ["amount is str, not number"]),
        ({"amount": True, "from": "USD", "to": "EUR"}, CURRENCY, ["amount is bool, not number"]),
        ({"title": "a", "date": "b", "guests": "Ana"}, EVENT, ["guests is str, not array"]),
        ({"title": "a", "date": "b", "guests": ["Ana", 3]}, EVENT, ["guests[1] is int, not string"]),
    ],
)
def test_what_breaks_a_schema_is_said_in_words(value: dict, tool: dict, says: list[str]) -> None:
    assert violations(value, tool["function"]["parameters"]) == says


@pytest.mark.parametrize(
    ("value", "broken"),
    [
        ({"status": "red", "count": 3}, False),
        ({"status": "red", "count": 10}, True),
        ({"status": "red", "count": 3, "more": 1}, True),
        ({"status": "blue", "count": 3}, True),
        ("red", True),
    ],
)
def test_the_demanded_schema_is_checked_whole(value: object, broken: bool) -> None:
    assert bool(violations(value, SCHEMA)) is broken


@pytest.mark.parametrize(
    ("arguments", "value"), [("{}", {}), ("", {}), (ARGUMENTS, json.loads(ARGUMENTS)), ("[1]", None), ("{", None)]
)
def test_arguments_are_an_object_or_nothing(arguments: str, value: dict | None) -> None:
    assert parsed(ToolCall(name="x", arguments=arguments)) == value


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
    """Real engine; a streamed call must be the same as a whole one."""
    async with context_for(engine, depth=Depth.DEEP) as context:
        trials = (await context.fact(ToolAnswer)).trials

    assert [trial.item for trial in trials] == [*(item.id for item in DEEP), GOODBYE.id, "T1"]
    assert trials[-1].exchange.streamed
    assert trials[-1].exchange.tool_calls[0].arguments == trials[0].exchange.tool_calls[0].arguments


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


@pytest.mark.parametrize("where", ["reasoning", "content"])
async def test_a_call_left_in_the_thinking_is_told_apart(where: str) -> None:
    text = f"<tool_call>{JSON_CALL}</tool_call>"
    message = reply("", reasoning_content=text) if where == "reasoning" else reply(f"<think>{text}</think>")
    async with asked(lambda _: message) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert (trial.call_in_thinking, trial.call_as_text) == ("<tool_call>", "")


async def test_without_any_call_the_question_is_asked_bare() -> None:
    def answer(body: dict) -> dict:
        return reply("No idea.", prompt_tokens=40 if body.get("tools") else 12)

    async with asked(answer) as context:
        found = await context.fact(ToolAnswer)

    assert found.tool_tokens == 28
    assert not any(trial.semantic_ok for trial in found.trials if trial.item != "T5")


async def test_a_needless_call_is_asked_for_twice_more() -> None:
    answer = reply(tool_calls=[call("get_weather", ARGUMENTS)])
    async with asked(lambda _: answer) as context:
        trials = (await context.fact(ToolAnswer)).trials

    assert [trial.item for trial in trials] == ["T1", "T2", "T3", "T5", "T5b", "T5c"]


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


def answering(result: Callable[[int], object]):
    """Calls a tool until a result is in the history, then answers what `result` makes of the attempt."""
    attempts: list[int] = []

    def answer(body: dict) -> object:
        if body["messages"][-1]["role"] != "tool":
            return reply(tool_calls=[call("get_weather", ARGUMENTS)])
        attempts.append(1)
        return result(len(attempts))

    return answer


async def test_a_result_used_at_the_second_attempt_is_used() -> None:
    result = answering(lambda attempt: reply("It is -7 degrees." if attempt == 2 else "It is nice."))
    async with asked(result) as context:
        assert (await context.fact(ToolResult)).used


async def test_the_same_call_twice_is_a_repeat() -> None:
    async with asked(answering(lambda _: reply(tool_calls=[call("get_weather", ARGUMENTS)]))) as context:
        found = await context.fact(ToolResult)

    assert found.repeated_call
    assert not found.used


async def test_a_server_that_fails_on_its_own_history_is_asked_once() -> None:
    asked_for: list[int] = []

    def fail(attempt: int) -> object:
        asked_for.append(attempt)
        return 500, {"error": {"message": "Can only get item pairs from a mapping."}}

    async with asked(answering(fail)) as context:
        found = await context.fact(ToolResult)

    assert found.exchange.status == 500
    assert asked_for == [1]


def test_the_history_carries_arguments_as_text_and_the_result_with_its_id() -> None:
    question, made, result = history("Where?")

    assert isinstance(made["tool_calls"][0]["function"]["arguments"], str)
    assert made["tool_calls"][0]["id"] == result["tool_call_id"]
    assert question["content"] == "Where?"


@pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")
def test_a_recorded_call_of_transformers_serve_is_seen_as_text() -> None:
    """Recorded on transformers serve, which parses no calls."""
    body = json.loads((REFERENCE / "captures/transformers-serve/chat_tools.json").read_text())["response"]

    found = call_in_text(body["choices"][0]["message"]["content"], ["get_weather"])

    assert found.name == "get_weather"


async def test_arguments_of_a_wrong_type_are_kept_as_they_came() -> None:
    async with asked(lambda _: reply(tool_calls=[call("get_weather", {"city": "Oslo", "unit": "c"})])) as context:
        trial = (await context.fact(ToolAnswer)).trials[0]

    assert trial.exchange.tool_calls[0].arguments_type == "object"
    assert trial.schema_errors == ()
    assert trial.semantic_ok


async def test_every_item_goes_out_with_its_own_tools() -> None:
    offered: list[tuple[str, int]] = []

    def answer(body: dict) -> dict:
        offered.append((sent(body), len(body.get("tools", ()))))
        return reply("no")

    async with asked(answer) as context:
        await context.fact(ToolAnswer)

    assert [tools for _, tools in offered] == [1, 4, 1, 2, 0]
    assert offered[0][0] == offered[-1][0]
