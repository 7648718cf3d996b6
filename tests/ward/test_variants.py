"""Broken variants on the real engine: each shows its fault, as the patient's card says, and only there."""

import pytest

from doctor.errors import WardError
from doctor.http import Client
from doctor.ward.engine import serve
from doctor.ward.variants import VARIANTS, prepared

pytestmark = pytest.mark.ward
READY = "Reply with the single word: ready"
WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Weather in a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["c", "f"]}},
            "required": ["city", "unit"],
        },
    },
}


async def answers(variant):
    """(text, finish reason) of a plain question, and the tools called by another."""
    with prepared(variant) as path:
        async with serve(path) as running, Client(running.url) as client:
            body = {"messages": [{"role": "user", "content": READY}], "max_tokens": 24, "temperature": 0}
            plain = (await client.post("/v1/chat/completions", body)).json()["choices"][0]
            body |= {"messages": [{"role": "user", "content": "What is the weather in Oslo, in celsius?"}]}
            called = (await client.post("/v1/chat/completions", body | {"tools": [WEATHER], "max_tokens": 64})).json()
    calls = called["choices"][0]["message"].get("tool_calls", [])
    return plain["message"]["content"], plain["finish_reason"], [call["function"]["name"] for call in calls]


@pytest.mark.parametrize(
    "variant", ["", "template_thinking_never", "eos_wrong", "markers_normal", "pretokenizer_wrong"]
)
async def test_mild_variants_still_answer_and_call(variant):
    """Real engine."""
    assert await answers(variant) == ("ready", "stop", ["get_weather"])


@pytest.mark.parametrize(
    "variant", ["template_missing", "template_no_tools", "template_alternate", "template_last_only"]
)
async def test_templates_without_tools_lose_the_call_but_not_the_chat(variant):
    """Real engine."""
    assert await answers(variant) == ("ready", "stop", [])


async def test_a_template_of_another_call_syntax_leaves_the_call_in_the_text():
    """Real engine."""
    with prepared("template_foreign_calls") as path:
        async with serve(path) as running, Client(running.url) as client:
            body = {"messages": [{"role": "user", "content": "What is the weather in Oslo, in celsius?"}]}
            body |= {"tools": [WEATHER], "max_tokens": 64, "temperature": 0}
            message = (await client.post("/v1/chat/completions", body)).json()["choices"][0]["message"]
    assert "<tool_call>" in message["content"]
    assert "tool_calls" not in message


@pytest.mark.parametrize(
    ("variant", "arguments", "result"),
    [
        ("", '"arguments": {"city": "Oslo"}', True),
        ("template_double_encodes", r'"arguments": "{\"city\": \"Oslo\"}"', True),
        ("template_no_tool_role", '"arguments": {"city": "Oslo"}', False),
    ],
)
async def test_templates_spoil_the_history_of_a_call(variant, arguments, result):
    """Real engine, which renders the conversation."""
    call = {"type": "function", "function": {"name": "get_weather", "arguments": '{"city": "Oslo"}'}, "id": "a"}
    messages = [
        {"role": "user", "content": "Where?"},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "a", "content": "minus seven"},
    ]
    with prepared(variant) as path:
        async with serve(path) as running, Client(running.url) as client:
            prompt = (await client.post("/apply-template", {"messages": messages, "tools": [WEATHER]})).json()["prompt"]
    assert arguments in prompt
    assert ("minus seven" in prompt) is result


async def test_a_template_without_generation_prompt_leaks_the_role_word():
    """Real engine."""
    assert (await answers("template_no_generation_prompt"))[0] == "assistant\nready"


async def test_an_unknown_end_token_makes_answers_run_on():
    """Real engine."""
    text, ended, _ = await answers("eos_unknown")
    assert text.startswith("ready\nuser\n")
    assert ended == "length"


@pytest.mark.parametrize("variant", ["template_literal", "template_llama2", "weights_nan"])
async def test_lost_messages_and_spoilt_weights_give_no_answer(variant):
    """Real engine."""
    text, ended, calls = await answers(variant)
    assert "ready" not in text
    assert ended == "length"
    assert calls == []


@pytest.mark.parametrize("variant", ["truncated", "lfs_pointer", "template_does_not_parse"])
async def test_unusable_files_do_not_start(variant):
    """Real engine."""
    with prepared(variant) as path, pytest.raises(WardError, match="the engine did not start: "):
        async with serve(path):
            pass


def test_a_variant_is_gone_after_its_block():
    with prepared("eos_wrong") as path:
        assert path.stat().st_size > 1_000_000
    assert not path.exists()


def test_an_unknown_variant_is_named_with_those_there_are():
    with pytest.raises(WardError, match="weights_nan"), prepared("no_such_variant"):
        pass


def test_every_variant_has_a_name_that_a_file_can_have():
    assert all(name.replace("_", "").isalnum() for name in VARIANTS)
