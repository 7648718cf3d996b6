"""Ollama's own route: questions translated, answers whole and streamed. On scripted answers and a recorded one."""

import json
from pathlib import Path

import pytest

from doctor.collect.probes.answer import NativeStream
from doctor.collect.probes.ask import ask_native
from doctor.errors import Malformed
from doctor.facts import Exchange
from tests.collect.probes.plain_server import asked

SAMPLES = Path(__file__).resolve().parents[4] / "shared" / "reference" / "samples" / "ollama"
BASE = Exchange(purpose="t", status=200, streamed=True)
HELLO = [{"role": "user", "content": "Hello."}]


def taken(*lines: object) -> Exchange:
    stream = NativeStream(BASE)
    for line in lines:
        stream.take(line if isinstance(line, bytes) else json.dumps(line).encode())
    return stream.exchange()


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not here")
def test_a_recorded_stream_with_a_call_is_put_together() -> None:
    """Constructed sample of Ollama 0.32."""
    exchange = taken(*(SAMPLES / "api_chat_stream_tools.ndjson").read_bytes().splitlines())

    assert [(c.name, c.arguments_type, json.loads(c.arguments)) for c in exchange.tool_calls] == [
        ("get_weather", "object", {"city": "Lyon"})
    ]
    assert (exchange.finish_reason, exchange.prompt_tokens, exchange.completion_tokens) == ("stop", 168, 26)
    assert exchange.calls_by_index == ()


def test_text_and_thought_are_joined_and_the_last_line_counts() -> None:
    exchange = taken(
        {"message": {"thinking": "h"}},
        {"message": {"thinking": "m"}},
        {"message": {"content": "Hel"}},
        {"message": {"content": "lo"}},
        {"message": {"content": ""}, "done": True, "done_reason": "length", "eval_count": 4},
    )

    assert (exchange.content, exchange.reasoning, exchange.finish_reason) == ("Hello", "hm", "length")
    assert (exchange.completion_tokens, exchange.chunks) == (4, 4)


def test_an_error_in_the_middle_of_a_stream_is_kept() -> None:
    assert taken({"message": {"content": "Hel"}}, {"error": "the runner died"}).error == "the runner died"


@pytest.mark.parametrize("line", [b"<html>", b"[1]"])
def test_a_line_that_is_no_object_is_refused(line: bytes) -> None:
    with pytest.raises(Malformed):
        taken(line)


async def test_a_question_is_translated() -> None:
    bodies: list[dict] = []

    def answer(body: dict) -> dict:
        bodies.append(body)
        return {"message": {"content": "{}"}, "done": True, "done_reason": "stop"}

    form = {"type": "json_schema", "json_schema": {"schema": {"type": "object"}}}
    made = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": '{"a": 1}'}}]}
    async with asked(answer, runtime="ollama") as context:
        await ask_native(context, "t", [*HELLO, made], max_tokens=9, tools=[{"x": 1}], response_format=form)
        await ask_native(context, "t", HELLO, max_tokens=9, thinking=True)

    assert bodies[0]["format"] == {"type": "object"}
    assert bodies[0]["messages"][1]["tool_calls"][0]["function"]["arguments"] == {"a": 1}
    assert bodies[0]["tools"] == [{"x": 1}]
    assert bodies[0]["options"]["num_predict"] == 9
    assert [body["think"] for body in bodies] == [False, True]
    assert made["tool_calls"][0]["function"]["arguments"] == '{"a": 1}'


@pytest.mark.parametrize("stream", [False, True])
async def test_a_refusal_keeps_its_words_and_a_model_that_cannot_think_is_asked_again(stream: bool) -> None:
    bodies: list[dict] = []

    def answer(body: dict) -> object:
        bodies.append(body)
        if "think" in body:
            return 400, {"error": '"m" does not support thinking'}
        return 404, {"error": "model 'm' not found"}

    async with asked(answer, runtime="ollama") as context:
        exchange = await ask_native(context, "t", HELLO, max_tokens=9, stream=stream)

    assert ["think" in body for body in bodies] == [True, False]
    assert (exchange.status, exchange.error) == (404, "model 'm' not found")
