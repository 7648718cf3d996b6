"""Broken variants on the real engine: each shows its fault, as the patient's card says, and only there."""

import pytest

from doctor.errors import WardError
from doctor.http import Client
from doctor.ward.engine import PATIENT, Settings, serve
from doctor.ward.gguf_edit import read
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


@pytest.mark.parametrize("variant", ["weights_holes", "weights_few_bits", "weights_key_outliers"])
async def test_damage_that_short_chats_bear(variant):
    """Real engine: a file with holes, one of two-bit weights, and one whose keys have outliers, all at 16-bit cache."""
    text, ended, _ = await answers(variant)
    assert (text, ended) == ("ready", "stop")


async def test_keys_with_outliers_do_not_bear_a_cache_of_four_bits():
    """Real engine, the same file with and without a small cache."""
    found = {}
    for kind in ("f16", "q4_0"):
        settings = Settings(flags={"--cache-type-k": kind})
        with prepared("weights_key_outliers") as path:
            async with serve(path, settings) as running, Client(running.url) as client:
                body = {
                    "prompt": "river stone cloud table " * 3 + "river stone cloud",
                    "n_predict": 1,
                    "temperature": 0,
                }
                found[kind] = (await client.post("/completion", body)).json()["content"]
    assert found["f16"] == " table"
    assert found["q4_0"] != " table"


@pytest.mark.parametrize("variant", ["weights_flipped", "letters_gone", "base_model", "markers_renamed"])
async def test_deeper_damage_spoils_answers(variant):
    """Real engine: flipped scales flood, lost letters and unknown markers go wrong, a base model does not stop."""
    with prepared(variant) as path:
        async with serve(path) as running, Client(running.url) as client:
            line = "Copy this line exactly, nothing else: `zebra 7 / café / 日本 / 🙂 / end-42`"
            body = {"messages": [{"role": "user", "content": line}], "max_tokens": 40, "temperature": 0}
            answer = (await client.post("/v1/chat/completions", body)).json()["choices"][0]
    assert answer["message"]["content"] != "zebra 7 / café / 日本 / 🙂 / end-42"


def test_quantised_files_are_smaller_and_keep_their_tensors():
    with prepared("weights_few_bits") as small:
        shrunk, good = read(small), read(PATIENT)
        size = small.stat().st_size
    assert [tensor.name for tensor in shrunk.tensors] == [tensor.name for tensor in good.tensors]
    assert {tensor.kind for tensor in shrunk.tensors} == {0, 2, 10}
    assert size < 0.4 * PATIENT.stat().st_size


async def test_a_template_with_two_start_tokens_reaches_the_model_with_two():
    """Real engine: llama.cpp takes one away where its tokenizer adds its own."""
    with prepared("two_starts") as path:
        async with serve(path) as running, Client(running.url) as client:
            prompt = (await client.post("/apply-template", {"messages": [{"role": "user", "content": "x"}]})).json()
            body = {"content": prompt["prompt"], "add_special": True, "parse_special": True}
            tokens = (await client.post("/tokenize", body)).json()["tokens"]
    assert tokens[0] == tokens[1]
