"""Answers in the shapes that real servers send, and in shapes that nobody should."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.collect.probes.answer import Stream, decode, error_text, native, whole
from doctor.errors import DoctorError, Malformed
from doctor.facts import Exchange

REFERENCE = Path(__file__).resolve().parents[4] / "shared" / "reference"
recorded = pytest.mark.skipif(not REFERENCE.is_dir(), reason="the recorded answers are not here")
BASE = Exchange(purpose="test", status=200)


def streamed(text: str) -> Exchange:
    reader = Stream(BASE)
    for line in text.split("\n"):
        reader.take(line.encode())
    return reader.exchange()


def message(**fields: object) -> dict:
    return {"choices": [{"index": 0, "message": {"role": "assistant", **fields}, "finish_reason": "stop"}]}


@recorded
def test_a_recorded_stream_of_llama_cpp_is_read() -> None:
    """Recorded on llama-server."""
    text = json.loads((REFERENCE / "captures/llama-server-trained/chat_stream.json").read_text())["response_text"]

    exchange = streamed(text)

    assert exchange.content == "PINEAPPLE"
    assert exchange.finish_reason == "stop"
    assert exchange.prompt_tokens
    assert exchange.decode_tok_s


@recorded
@pytest.mark.parametrize("folder", ["llama-server-trained", "xllamacpp-trained", "mlx-lm"])
def test_recorded_streams_with_tool_calls_are_put_together(folder: str) -> None:
    """Recorded on llama-server, xllamacpp and mlx-lm, the last with keepalive comments."""
    path = REFERENCE / "captures" / folder / "chat_tools_stream.json"
    if not path.is_file():
        pytest.skip("not recorded for this server")

    exchange = streamed(json.loads(path.read_text())["response_text"])

    assert [call.name for call in exchange.tool_calls] == ["get_weather"]
    assert json.loads(exchange.tool_calls[0].arguments)["city"] == "Paris"
    assert exchange.tool_calls[0].arguments_type == "string"


@recorded
def test_every_recorded_chat_answer_becomes_an_exchange_or_one_of_our_errors() -> None:
    """All recorded bodies of all servers, whatever they are."""
    seen = 0
    for path in sorted(REFERENCE.glob("captures/**/chat*.json")):
        record = json.loads(path.read_text())
        body = record.get("response", record.get("response_text"))
        try:
            exchange = streamed(body) if isinstance(body, str) else whole(body, BASE)
        except DoctorError:
            continue
        seen += bool(exchange.content or exchange.error or exchange.tool_calls or exchange.finish_reason)
    assert seen > 20


@recorded
def test_ollama_answers_are_read_with_their_durations() -> None:
    """The shapes of Ollama's source, not a recording."""
    body = json.loads((REFERENCE / "samples/ollama/api_chat_nonstream.json").read_text())

    exchange = native(body, BASE)

    assert exchange.content == "Paris."
    assert exchange.reasoning == "Simple geography question."
    assert exchange.load_s == pytest.approx(1.12, abs=0.01)
    assert exchange.decode_tok_s == pytest.approx(41 / 0.69, rel=0.01)


def test_arguments_that_are_an_object_are_kept_as_text_and_marked() -> None:
    call = {"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}

    (found,) = whole(message(content=None, tool_calls=[call]), BASE).tool_calls

    assert (found.name, json.loads(found.arguments), found.arguments_type) == ("f", {"a": 1}, "object")


def test_parallel_calls_that_all_claim_index_zero_stay_apart() -> None:
    """The shape that Ollama streamed for a long time."""
    calls = [{"index": 0, "id": i, "function": {"name": n, "arguments": "{}"}} for i, n in (("a", "f"), ("b", "g"))]
    events = [{"choices": [{"delta": {"tool_calls": [call]}}]} for call in calls]

    found = streamed("\n".join("data: " + json.dumps(event) for event in events)).tool_calls

    assert [call.name for call in found] == ["f", "g"]
    assert [call.index for call in found] == [0, 0]


def test_calls_without_index_and_id_are_joined_to_the_last_one() -> None:
    parts = [{"function": {"name": "f", "arguments": '{"a"'}}, {"function": {"arguments": ": 1}"}}]
    events = [{"choices": [{"delta": {"tool_calls": [part]}}]} for part in parts]

    (found,) = streamed("\n".join("data: " + json.dumps(event) for event in events)).tool_calls

    assert found.arguments == '{"a": 1}'
    assert found.index is None


def test_an_error_inside_a_stream_is_kept_with_the_text_before_it() -> None:
    text = 'data: {"choices":[{"delta":{"content":"The"}}]}\ndata: {"error":{"message":"CUDA error: out of memory"}}'

    exchange = streamed(text)

    assert (exchange.content, exchange.error, exchange.ok) == ("The", "CUDA error: out of memory", False)


def test_a_server_that_ignores_stream_is_read_all_the_same() -> None:
    assert streamed(json.dumps(message(content="whole"), indent=1)).content == "whole"


def test_comments_and_missing_spaces_in_a_stream_are_understood() -> None:
    text = ': keepalive 1/1\n\nevent: message\ndata:{"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n'

    exchange = streamed(text)

    assert (exchange.content, exchange.chunks) == ("a", 1)


@pytest.mark.parametrize("field", ["reasoning", "reasoning_content", "thinking"])
def test_reasoning_is_found_under_each_of_its_names(field: str) -> None:
    exchange = whole(message(content="", **{field: "hm"}), BASE)

    assert exchange.reasoning == "hm"
    assert exchange.only_thought


def test_content_in_parts_is_joined_and_null_is_empty() -> None:
    parts = [{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]

    assert whole(message(content=parts), BASE).content == "ab"
    assert whole(message(content=None), BASE).content == ""


def test_lone_surrogates_bad_utf8_and_nan_do_not_break_a_saved_report() -> None:
    exchange = whole(
        decode(b'{"choices":[{"message":{"content":"a\\ud83d b \xff"}}],"usage":{"prompt_tokens":NaN}}'), BASE
    )

    exchange.content.encode("utf-8")
    assert exchange.content.count("�") == 2
    assert exchange.prompt_tokens is None


@pytest.mark.parametrize("number", [-1, 1e300, True, "12", None, [1], 10**400])
def test_numbers_that_are_no_counts_are_left_out(number: object) -> None:
    body = message(content="a") | {"usage": {"prompt_tokens": number}, "timings": {"predicted_per_second": number}}

    exchange = whole(body, BASE)

    assert exchange.prompt_tokens is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": {"message": "Loading model", "code": 503}}, "Loading model"),
        ({"error": "model 'x' not found"}, "model 'x' not found"),
        ({"error": '{"error":{"code":400,"message":"too long"}}'}, "too long"),
        ({"object": "error", "message": "no such model"}, "no such model"),
        ({"detail": [{"msg": "field required"}]}, '[{"msg": "field required"}]'),
        ({"choices": []}, ""),
    ],
)
def test_error_texts_are_found_in_every_shape(body: dict, text: str) -> None:
    assert error_text(body) == text


@pytest.mark.parametrize("body", [b"<html>", b"", b"[" * 100_000, b"{" + b"[],[]," * 200_000, b"1" * 5000])
def test_what_is_no_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed):
        decode(body)


FIELDS = (
    "choices message delta content tool_calls function name arguments index id usage timings error prompt_tokens "
    "cached_tokens prompt_tokens_details cache_n reasoning finish_reason stats"
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(FIELDS.split()),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(JSON)
def test_any_json_is_an_exchange_or_malformed(body: object) -> None:
    try:
        exchange = whole(body, BASE)
        native(body, BASE)
    except Malformed:
        exchange = BASE
    streamed_exchange = Stream(BASE)
    streamed_exchange.take(b"data: " + json.dumps(body).encode())

    assert exchange.status == 200
    assert streamed_exchange.exchange().status == 200
