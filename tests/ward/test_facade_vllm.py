"""The façade speaks vLLM's wire, on a real engine: shapes as recorded, faults as described."""

import contextlib
import json
from pathlib import Path

import pytest

from doctor.http import Client
from doctor.runtimes.identify import identify
from doctor.ward.call_faults import CallFaults
from doctor.ward.engine import serve
from doctor.ward.facade_vllm import vllm
from doctor.ward.ollama_shapes import Claims
from tests.ward.test_facade_ollama import ASK_WEATHER, HELLO, WEATHER, has_shape, shape

pytestmark = pytest.mark.ward
CAPTURES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "captures" / "vllm"
recorded = pytest.mark.skipif(not CAPTURES.is_dir(), reason="the recorded answers are not here")
CITIES = [{"role": "user", "content": "Compare the weather in Lima and Cairo."}]
TIME = {
    "type": "function",
    "function": {
        "name": "get_server_time",
        "description": "Get the current server time",
        "parameters": {"type": "object"},
    },
}
CHAT = "/v1/chat/completions"
# What vLLM sends and no client reads.
UNUSED = {"permission", "service_tier", "prompt_logprobs", "prompt_token_ids", "prompt_text", "kv_transfer_params"}
UNUSED |= {"ec_transfer_params", "metrics", "refusal", "annotations", "audio", "function_call", "logprobs", "token_ids"}
UNUSED |= {"stop_reason", "routed_experts", "completion_tokens_details", "prompt_tokens_details", "reasoning"}


@contextlib.asynccontextmanager
async def asked(**faults):
    """A client of a façade with these faults."""
    async with (
        serve() as running,
        vllm(running.url, Claims(model="patient"), CallFaults(**faults)) as url,
        Client(url) as client,
    ):
        yield client


def used(expected):
    """A shape without what no client reads; what is null there may be missing."""
    if isinstance(expected, dict):
        return {k: used(v) for k, v in expected.items() if k not in UNUSED and v != "NoneType"}
    return [used(each) for each in expected] if isinstance(expected, list) else expected


def body(messages, *tools, **more):
    thinking = {"chat_template_kwargs": {"enable_thinking": False}}
    return {"model": "patient", "messages": messages, "temperature": 0, "tools": list(tools), **thinking, **more}


async def streamed(client, asked_for):
    """The deltas of a streamed answer and its finish reasons."""
    answer = await client.post(CHAT, asked_for | {"stream": True})
    lines = [line.removeprefix("data: ") for line in answer.text().splitlines() if line]
    assert lines[-1] == "[DONE]"
    choices = [choice for line in lines[:-1] for choice in json.loads(line)["choices"]]
    return [c["delta"] for c in choices], [c["finish_reason"] for c in choices if c.get("finish_reason")]


def entries(deltas):
    return [entry for delta in deltas for entry in delta.get("tool_calls", ())]


@recorded
@pytest.mark.parametrize(
    ("method", "path", "asked_for", "name"),
    [
        ("GET", "/version", None, "version.json"),
        ("GET", "/v1/models", None, "v1_models.json"),
        ("GET", "/", None, "root.json"),
        ("POST", CHAT, body(HELLO), "chat.json"),
        ("POST", CHAT, body(ASK_WEATHER, WEATHER), "chat_tools.json"),
        ("POST", "/tokenize", body(HELLO, return_token_strs=True), "tokenize_chat.json"),
        ("POST", "/tokenize", body(HELLO, WEATHER, return_token_strs=True), "tokenize_tools.json"),
        ("POST", "/detokenize", {"tokens": [1, 2]}, "detokenize.json"),
        ("POST", "/v1/completions", {"prompt": "Hello", "max_tokens": 4}, "v1_completions.json"),
    ],
)
async def test_answers_look_as_recorded(method, path, asked_for, name):
    """Façade on a real engine, against recorded answers of vLLM 0.32.0."""
    capture = json.loads((CAPTURES / name).read_text(encoding="utf-8"))
    async with asked() as client:
        answer = await (client.get(path) if method == "GET" else client.post(path, asked_for))
    assert answer.status == capture["status"]
    assert answer.headers["server"] == capture["headers"]["server"]
    assert has_shape(shape(answer.json()), used(shape(capture["response"])))


async def test_it_is_recognised_as_vllm():
    """Façade."""
    async with asked() as client:
        who = await identify(client, "/")
    assert (who.runtime, who.version) == ("vllm", "0.32.0")


async def test_a_healthy_stream_hands_over_calls_in_pieces_with_an_index_each():
    """Façade on a real engine."""
    async with asked() as client:
        deltas, ends = await streamed(client, body(CITIES, WEATHER))
    found = entries(deltas)
    assert [entry["index"] for entry in found if "id" in entry] == [0, 1]
    assert len(found) > 4
    assert ends == ["tool_calls"]


async def test_all_calls_may_come_in_one_piece():
    """Façade on a real engine."""
    async with asked(in_one_piece=True) as client:
        deltas, _ = await streamed(client, body(CITIES, WEATHER))
    (piece,) = [delta["tool_calls"] for delta in deltas if "tool_calls" in delta]
    assert [json.loads(entry["function"]["arguments"])["city"] for entry in piece] == ["Lima", "Cairo"]


@pytest.mark.parametrize(
    ("fault", "sign"),
    [
        ({"index_zero": True}, lambda found: {entry["index"] for entry in found} == {0}),
        ({"stream_without_arguments": True}, lambda found: all("arguments" not in e["function"] for e in found)),
        ({"without_ids": True}, lambda found: all("id" not in entry for entry in found)),
        ({"other_shape": True}, lambda found: all(isinstance(e["function"]["arguments"], dict) for e in found)),
    ],
)
async def test_faults_of_a_stream_are_on_the_wire(fault, sign):
    """Façade on a real engine."""
    async with asked(**fault) as client:
        deltas, _ = await streamed(client, body(CITIES, WEATHER))
    assert entries(deltas)
    assert sign(entries(deltas))


async def test_empty_arguments_are_dropped_in_both_ways():
    """Façade on a real engine."""
    question = body([{"role": "user", "content": "What time is it on the server?"}], TIME)
    async with asked(empty_dropped=True) as client:
        whole = (await client.post(CHAT, question)).json()["choices"][0]["message"]["tool_calls"]
        deltas, _ = await streamed(client, question)
    assert [entry["function"]["arguments"] for entry in (*whole, *entries(deltas))] == ["", ""]


async def test_the_finish_reason_may_be_wrong_in_both_ways():
    """Façade on a real engine."""
    async with asked(finish="stop") as client:
        whole = (await client.post(CHAT, body(ASK_WEATHER, WEATHER))).json()["choices"][0]
        _, ends = await streamed(client, body(ASK_WEATHER, WEATHER))
    assert (whole["finish_reason"], bool(whole["message"]["tool_calls"]), ends) == ("stop", True, ["stop"])


@pytest.mark.parametrize("ignored", [False, True])
async def test_a_forbidden_call_comes_only_when_the_field_is_ignored(ignored):
    """Façade on a real engine, which keeps to the field."""
    question = body([{"role": "user", "content": "You must call get_weather for Oslo."}], WEATHER, tool_choice="none")
    async with asked(choice_ignored=ignored) as client:
        message = (await client.post(CHAT, question)).json()["choices"][0]["message"]
    assert bool(message.get("tool_calls")) is ignored


@pytest.mark.parametrize(
    ("choice", "name"),
    [("required", "get_weather"), ({"type": "function", "function": {"name": "get_server_time"}}, "get_server_time")],
)
@pytest.mark.parametrize("ignored", [False, True])
async def test_a_demanded_call_comes_unless_the_field_is_ignored(choice, name, ignored):
    """Façade on a real engine, which writes the arguments under the tool's schema."""
    question = body(HELLO, WEATHER, TIME, tool_choice=choice, max_tokens=40)
    async with asked(choice_ignored=ignored) as client:
        message = (await client.post(CHAT, question)).json()["choices"][0]["message"]
    names = [call["function"]["name"] for call in message.get("tool_calls", ())]
    assert names == ([] if ignored else [name])
    assert all(isinstance(json.loads(call["function"]["arguments"]), dict) for call in message.get("tool_calls", ()))


@pytest.mark.parametrize(
    ("fault", "status", "words"),
    [({"no_parser": True}, 400, "--enable-auto-tool-choice"), ({"history_fails": True}, 500, "item pairs")],
)
async def test_refusals_have_the_servers_words(fault, status, words):
    """Façade."""
    called = {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}
    async with asked(**fault) as client:
        answer = await client.post(CHAT, body([*HELLO, called], WEATHER))
        plain = await client.post(CHAT, body(HELLO, max_tokens=4))
    assert (answer.status, plain.status) == (status, 200)
    assert words in answer.json()["error"]["message"]


async def test_what_the_engine_refuses_is_refused_before_the_stream_begins():
    """Façade on a real engine."""
    async with asked() as client:
        answer = await client.post(CHAT, body([{"role": "user", "content": "word " * 9000}], stream=True))
    assert answer.status == 400
    assert "exceed" in answer.json()["error"]["message"]
