"""Faults of tool calls on the Ollama façade, on a real engine: each does what its name says, on both routes."""

import json

import pytest

from doctor.ward.call_faults import CallFaults
from doctor.ward.ollama_shapes import Claims
from tests.ward.test_facade_ollama import ASK_WEATHER, GREEDY, HELLO, WEATHER, asked, lines_of

pytestmark = pytest.mark.ward
CALL = {"function": {"name": "get_weather", "arguments": '{"city": "Oslo", "unit": "c"}'}}
RESULT = [*ASK_WEATHER, {"role": "assistant", "content": "", "tool_calls": [CALL]}, {"role": "tool", "content": "-7"}]
CHAT = "/v1/chat/completions"


async def message(client, messages=ASK_WEATHER, **more):
    """The message of a whole answer of the OpenAI route, and its finish reason."""
    body = {"model": "patient", "messages": messages, "tools": [WEATHER], "reasoning_effort": "none", "temperature": 0}
    choice = (await client.post(CHAT, body | {"max_tokens": 48} | more)).json()["choices"][0]
    return choice["message"], choice["finish_reason"]


@pytest.mark.parametrize(
    ("fault", "content", "reasoning"),
    [
        ({"stay_text": True}, "<tool_call>", ""),
        ({"swallowed": True}, "", ""),
        ({"in_thought": True}, "", "<tool_call>"),
        ({"never": True}, "I cannot look that up", ""),
        ({"asks_back": "get_weather"}, "Which one", ""),
    ],
)
async def test_a_call_that_is_not_handed_over_is_where_the_fault_puts_it(fault, content, reasoning):
    """Façade on a real engine."""
    async with asked(calls=CallFaults(**fault)) as client:
        found, ended = await message(client)
    assert "tool_calls" not in found
    assert (found["content"].startswith(content), bool(found["content"])) == (True, bool(content))
    assert found.get("reasoning", "").startswith(reasoning)
    assert ended == "stop"


@pytest.mark.parametrize(
    ("fault", "name", "arguments"),
    [
        ({}, "get_weather", '{"city":"Oslo","unit":"c"}'),
        ({"prefix": "functions."}, "functions.get_weather", '{"city":"Oslo","unit":"c"}'),
        ({"arguments": {"unit": "celsius"}}, "get_weather", '{"city":"Oslo","unit":"celsius"}'),
        ({"cut": True}, "get_weather", '{"city":"Oslo","unit":"c"'),
        ({"other_shape": True}, "get_weather", {"city": "Oslo", "unit": "c"}),
        ({"name": "search_web", "empty_dropped": True}, "search_web", ""),
    ],
)
async def test_a_call_is_spoilt_on_the_wire(fault, name, arguments):
    """Façade on a real engine."""
    async with asked(calls=CallFaults(**fault)) as client:
        found, ended = await message(client)
    assert found["tool_calls"][0]["function"] == {"name": name, "arguments": arguments}
    assert ended == "tool_calls"


async def test_on_the_native_route_the_other_type_is_text():
    """Façade on a real engine."""
    body = {"model": "patient", "messages": ASK_WEATHER, "tools": [WEATHER], "think": False, "options": GREEDY}
    async with asked(calls=CallFaults(other_shape=True)) as client:
        answer = lines_of(await client.post("/api/chat", body))
    assert json.loads(answer[0]["message"]["tool_calls"][0]["function"]["arguments"])["city"] == "Oslo"


@pytest.mark.parametrize(
    ("fault", "calls", "text"), [({}, 0, "-7"), ({"repeats": True}, 1, ""), ({"silent": True}, 0, "")]
)
async def test_habits_after_a_result(fault, calls, text):
    """Façade on a real engine."""
    async with asked(calls=CallFaults(**fault)) as client:
        found, _ = await message(client, RESULT)
    assert len(found.get("tool_calls", ())) == calls
    assert text in found["content"]
    assert bool(found["content"]) is bool(text)


async def test_a_needless_call_is_made_only_on_demand():
    """Façade on a real engine."""
    seen = {}
    for always in (False, True):
        async with asked(calls=CallFaults(always=always)) as client:
            seen[always] = bool((await message(client, HELLO))[0].get("tool_calls"))
    assert seen == {False: False, True: True}


async def test_ids_and_finish_reason_may_be_missing_or_wrong():
    """Façade on a real engine."""
    async with asked(calls=CallFaults(without_ids=True, finish="stop")) as client:
        found, ended = await message(client)
    assert "id" not in found["tool_calls"][0]
    assert ended == "stop"


async def test_a_stream_alone_may_leave_the_call_in_the_text():
    """Façade on a real engine."""
    async with asked(calls=CallFaults(stream_stays_text=True)) as client:
        found, _ = await message(client)
        body = {"model": "patient", "messages": ASK_WEATHER, "tools": [WEATHER], "reasoning_effort": "none"}
        answer = await client.post(CHAT, body | {"stream": True, "temperature": 0})
    assert found["tool_calls"]
    assert "<tool_call>" in answer.text()
    assert 'tool_calls":[' not in answer.text()


@pytest.mark.parametrize(("kept", "there"), [(0, True), (1, False)])
async def test_only_some_tools_may_reach_the_prompt(kept, there):
    """Façade on a real engine; the prompt is shown by Ollama's debug switch."""
    other = {"type": "function", "function": {"name": "get_time", "parameters": {"type": "object", "properties": {}}}}
    body = {"model": "patient", "messages": HELLO, "tools": [WEATHER, other], "_debug_render_only": True}
    async with asked(calls=CallFaults(kept_tools=kept)) as client:
        shown = (await client.post("/api/chat", body)).json()
    prompt = shown["_debug_info"]["rendered_template"]
    assert ("get_weather" in prompt, "get_time" in prompt) == (True, there)
    assert shown["done"] is False


async def test_a_history_with_a_call_fails_on_demand_and_nothing_else_does():
    """Façade on a real engine."""
    async with asked(calls=CallFaults(history_fails=True)) as client:
        answer = await client.post(CHAT, {"model": "patient", "messages": RESULT, "tools": [WEATHER]})
        first, _ = await message(client)
    assert (answer.status, answer.json()["error"]["message"]) == (500, "Can only get item pairs from a mapping.")
    assert first["tool_calls"]


async def test_a_modelfile_may_hide_the_tools_of_the_file():
    """Façade."""
    async with asked(claims=Claims(template="{{ .Prompt }}")) as client:
        card = (await client.post("/api/show", {"model": "patient"})).json()
    assert card["template"] == "{{ .Prompt }}"
    assert "tools" not in card["capabilities"]
