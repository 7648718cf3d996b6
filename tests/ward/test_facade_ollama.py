"""The façade speaks Ollama's wire, on a real engine: field names and types as recorded, faults as described."""

import contextlib
import json
from pathlib import Path

import pytest

from doctor.http import Client
from doctor.ward import admitted, patient
from doctor.ward.call_faults import CallFaults
from doctor.ward.engine import PATIENT, Settings, serve
from doctor.ward.facade_ollama import Faults, ollama
from doctor.ward.gguf_edit import read
from doctor.ward.ollama_shapes import Claims

pytestmark = pytest.mark.ward
SAMPLES = Path(__file__).resolve().parents[3] / "shared" / "reference" / "samples" / "ollama"
recorded = pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded answers are not here")
HELLO = [{"role": "user", "content": "Say hello."}]
ASK_WEATHER = [{"role": "user", "content": "What is the weather in Oslo, in celsius?"}]
GREEDY = {"temperature": 0, "num_predict": 48}
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


@contextlib.asynccontextmanager
async def asked(claims=None, faults=None, settings=None, calls=None):
    """A client of a façade with these claims and faults."""
    async with (
        serve(settings=settings) as running,
        ollama(running.url, read(PATIENT), claims or Claims(), faults or Faults(), calls) as url,
        Client(url) as client,
    ):
        yield client


def sample(name):
    return json.loads((SAMPLES / name).read_text(encoding="utf-8"))


def lines_of(answer):
    return [json.loads(line) for line in answer.text().splitlines() if line]


def shape(value):
    """Keys and kinds of a value; of a list, the shape of its first entry."""
    if isinstance(value, dict):
        return {key: shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def has_shape(answer, expected):
    """Whether everything of the expected shape is there."""
    if isinstance(expected, dict):
        return isinstance(answer, dict) and all(
            key in answer and has_shape(answer[key], expected[key]) for key in expected
        )
    if isinstance(expected, list) and expected:
        return isinstance(answer, list) and bool(answer) and has_shape(answer[0], expected[0])
    return answer == expected


@recorded
@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/api/tags", "api_tags.json"),
        ("/api/ps", "api_ps_full_gpu.json"),
        ("/api/version", "api_version.json"),
        ("/v1/models", "v1_models.json"),
    ],
)
async def test_what_is_read_looks_as_recorded(path, name):
    """Façade, against recorded answers."""
    async with asked() as client:
        answer = await client.get(path)
    assert has_shape(shape(answer.json()), shape(sample(name)))


@recorded
@pytest.mark.parametrize(
    ("path", "body", "name"),
    [
        ("/api/chat", {"messages": HELLO, "stream": False, "options": GREEDY}, "api_chat_nonstream.json"),
        ("/api/generate", {"prompt": "Say hello.", "keep_alive": 0, "stream": False}, "api_generate_load_only.json"),
        ("/api/embed", {"input": ["a", "b"]}, "api_embed.json"),
        ("/v1/embeddings", {"input": ["a", "b"]}, "v1_embeddings.json"),
        ("/v1/chat/completions", {"messages": HELLO, "max_tokens": 48}, "v1_chat_completions.json"),
        (
            "/v1/chat/completions",
            {"messages": ASK_WEATHER, "tools": [WEATHER], "reasoning_effort": "none"},
            "v1_chat_completions_tools.json",
        ),
    ],
)
async def test_what_is_asked_looks_as_recorded(path, body, name):
    """Façade on a real engine that thinks by default, against recorded answers."""
    async with asked(settings=Settings(embeddings="last")) as client:
        answer = await client.post(path, {"model": "patient", "temperature": 0, **body})
    assert answer.status == 200
    assert has_shape(shape(answer.json()), shape(sample(name)))


@recorded
async def test_the_card_has_the_recorded_fields():
    """Façade, against a recorded answer."""
    async with asked() as client:
        card = (await client.post("/api/show", {"model": "patient"})).json()
    expected = sample("api_show.json")
    missing = {key for key in expected if key not in card} - {"system", "messages"}
    assert missing <= {"tensors", "projector_info", "requires", "messages"}
    assert set(expected["details"]) == set(card["details"])
    assert card["model_info"]["llama.context_length"] == 4096


@recorded
async def test_a_native_stream_ends_with_the_recorded_counters():
    """Façade on a real engine."""
    async with asked() as client:
        body = {"model": "patient", "messages": HELLO, "think": False, "options": GREEDY}
        streamed = lines_of(await client.post("/api/chat", body))
    *_, last = (SAMPLES / "api_chat_stream.ndjson").read_text().splitlines()
    assert set(json.loads(last)) == set(streamed[-1])
    assert "".join(line["message"]["content"] for line in streamed) == "Hello!"
    assert [line["done"] for line in streamed] == [False] * (len(streamed) - 1) + [True]


async def test_it_is_told_from_its_imitators():
    """Façade."""
    async with asked() as client:
        root, version = await client.get("/"), await client.get("/version")
    assert root.text() == "Ollama is running"
    assert root.headers["content-type"].startswith("text/plain")
    assert version.status == 404


async def test_the_models_own_settings_are_shown_and_used():
    """Façade on a real engine: a system text of the Modelfile reaches the prompt when the request has none."""
    claims = Claims(system="Always end every answer with the word KESTREL.", parameters={"temperature": 0})
    async with asked(claims=claims) as client:
        card = (await client.post("/api/show", {"model": "patient"})).json()
        body = {"model": "patient", "messages": HELLO, "stream": False, "think": False}
        answer = (await client.post("/api/chat", body)).json()
    assert card["parameters"].split() == ["temperature", "0"]
    assert card["system"] in card["modelfile"]
    assert answer["message"]["content"] == "Hello! KESTREL"


@pytest.mark.parametrize("drops", [False, True])
async def test_a_dropped_system_text_leaves_the_prompt_shorter(drops):
    """Façade on a real engine."""
    messages = [{"role": "system", "content": "Always end every answer with the word KESTREL."}, *HELLO]
    body = {"model": "patient", "messages": messages, "stream": False, "think": False, "options": GREEDY}
    async with asked(faults=Faults(drops_system=drops)) as client:
        answer = (await client.post("/api/chat", body)).json()
    assert ("KESTREL" in answer["message"]["content"]) is not drops


async def test_arguments_are_cut_and_formats_ignored_only_on_demand():
    """Façade on a real engine."""
    call = {"model": "patient", "messages": ASK_WEATHER, "tools": [WEATHER], "reasoning_effort": "none"}
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    demand = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    prose = {"model": "patient", "messages": HELLO, "reasoning_effort": "none", "response_format": demand}
    found = {}
    for ill in (False, True):
        async with asked(faults=Faults(ignores_format=ill), calls=CallFaults(cut=ill)) as client:
            called = (await client.post("/v1/chat/completions", call)).json()["choices"][0]["message"]
            formed = (await client.post("/v1/chat/completions", prose)).json()["choices"][0]["message"]
        found[ill] = (called["tool_calls"][0]["function"]["arguments"][-1], formed["content"][0])
    assert found == {False: ("}", "{"), True: ('"', "H")}


async def test_a_format_may_be_ignored_while_the_model_thinks():
    """Façade on a real engine."""
    schema = {"type": "object", "properties": {"count": {"type": "integer"}}, "required": ["count"]}
    demand = {"type": "json_schema", "json_schema": {"name": "answer", "schema": schema}}
    prose = {"model": "patient", "messages": HELLO, "response_format": demand, "temperature": 0, "max_tokens": 48}
    async with asked(faults=Faults(thinking_ignores_format=True)) as client:
        off = (await client.post("/v1/chat/completions", prose | {"reasoning_effort": "none"})).json()
        on = (await client.post("/v1/chat/completions", prose)).json()
    starts = [answer["choices"][0]["message"]["content"][0] for answer in (off, on)]
    assert starts == ["{", "H"]


async def test_a_thought_may_stay_in_the_text():
    """Façade on a real engine."""
    body = {"model": "patient", "messages": HELLO, "max_tokens": 48, "temperature": 0}
    async with asked(faults=Faults(thought_in_text=True)) as client:
        message = (await client.post("/v1/chat/completions", body)).json()["choices"][0]["message"]
    assert "</think>" in message["content"]
    assert "reasoning" not in message


async def test_a_call_is_an_object_on_the_native_route_and_a_string_on_the_other():
    """Façade on a real engine."""
    async with asked() as client:
        body = {"model": "patient", "messages": ASK_WEATHER, "tools": [WEATHER]}
        native = lines_of(await client.post("/api/chat", body | {"think": False, "options": GREEDY}))
        openai = (await client.post("/v1/chat/completions", body | {"reasoning_effort": "none"})).json()
    call = native[0]["message"]["tool_calls"][0]["function"]
    assert call["arguments"] == {"city": "Oslo", "unit": "c"}
    choice = openai["choices"][0]
    assert json.loads(choice["message"]["tool_calls"][0]["function"]["arguments"]) == {"city": "Oslo", "unit": "c"}
    assert choice["finish_reason"] == "tool_calls"


async def test_it_thinks_unless_told_not_to():
    """Façade on a real engine."""
    async with asked() as client:
        body = {"model": "patient", "messages": HELLO, "max_tokens": 48, "temperature": 0}
        told = (await client.post("/v1/chat/completions", body | {"reasoning_effort": "none"})).json()
        untold = (await client.post("/v1/chat/completions", body)).json()
    assert "reasoning" not in told["choices"][0]["message"]
    assert untold["choices"][0]["message"]["reasoning"]


async def test_a_stream_of_the_openai_route_ends_with_usage_when_asked():
    """Façade on a real engine."""
    async with asked() as client:
        body = {"model": "patient", "messages": HELLO, "stream": True, "reasoning_effort": "none", "temperature": 0}
        answer = await client.post("/v1/chat/completions", body | {"stream_options": {"include_usage": True}})
    events = [line.removeprefix("data: ") for line in answer.text().splitlines() if line]
    assert events[-1] == "[DONE]"
    assert json.loads(events[-2])["choices"] == []
    assert json.loads(events[-2])["usage"]["completion_tokens"] == 3


async def test_a_prompt_beyond_the_window_is_cut_to_half_of_it_without_an_error():
    """Façade on a real engine; the count is Ollama's `num_ctx - (num_ctx - 4) / 2`."""
    async with asked() as client:
        long = [{"role": "user", "content": "The river is a quiet place. " * 900}]
        body = {"model": "patient", "messages": long, "stream": False, "think": False, "options": {"num_predict": 1}}
        answer = (await client.post("/api/chat", body)).json()
    assert answer["prompt_eval_count"] == 2050


async def test_the_half_window_fault_really_loses_the_head_of_the_prompt():
    """Façade on a real engine: the same text is read whole by a healthy façade."""
    words = "The river is a quiet place. " * 400
    text = f"The code for red door is 41168. {words}What is the code for the red door?"
    body = {"model": "patient", "messages": [{"role": "user", "content": text}], "stream": False, "think": False}
    body["options"] = {"temperature": 0, "num_predict": 24}
    answers = {}
    for half in (False, True):
        async with asked(faults=Faults(half_window=half)) as client:
            answers[half] = (await client.post("/api/chat", body)).json()
    assert answers[False]["prompt_eval_count"] > 2050
    assert "41168" in answers[False]["message"]["content"]
    assert answers[True]["prompt_eval_count"] == 2050
    assert "41168" not in answers[True]["message"]["content"]


async def test_a_slow_server_takes_the_time_that_it_reports():
    """Façade on a real engine, at 40 tokens per second."""
    async with asked(faults=Faults(tok_s=40)) as client:
        body = {"model": "patient", "messages": HELLO, "stream": False, "think": False, "options": GREEDY}
        answer = await client.post("/api/chat", body)
    told = answer.json()
    assert told["eval_count"] / (told["eval_duration"] / 1e9) <= 40.001
    assert answer.seconds >= told["eval_duration"] / 1e9 * 0.9


async def test_an_unparsed_call_stays_text_and_may_name_a_tool_never_offered():
    """Façade on a real engine."""
    body = {"model": "patient", "messages": ASK_WEATHER, "tools": [WEATHER], "stream": False, "think": False}
    body["options"] = GREEDY
    async with asked(calls=CallFaults(stay_text=True, name="search_web")) as client:
        message = (await client.post("/api/chat", body)).json()["message"]
    assert "tool_calls" not in message
    assert '{"name": "search_web"' in message["content"]


async def test_reloading_costs_time_and_is_counted():
    """Façade on a real engine."""
    body = {"model": "patient", "messages": HELLO, "stream": False, "think": False, "options": GREEDY}
    async with asked(faults=Faults(reload_s=0.2)) as client:
        answer = await client.post("/api/chat", body)
    assert answer.json()["load_duration"] == 200_000_000
    assert answer.seconds >= 0.2


async def test_embeddings_beyond_the_limit_are_equal_and_refused_when_asked_not_to_cut():
    """Façade on a real engine that reads 64 tokens."""
    head = "word " * 300
    async with asked(faults=Faults(embedding_tokens=64), settings=Settings(embeddings="last")) as client:
        body = {"model": "patient", "input": [head + "apple", head + "zebra"]}
        cut = await client.post("/api/embed", body)
        refused = await client.post("/api/embed", body | {"truncate": False})
    first, second = cut.json()["embeddings"]
    assert first == pytest.approx(second, abs=1e-6)
    assert refused.status == 400
    assert refused.json()["error"] == "the input length exceeds the context length"


async def test_an_unknown_model_is_refused_in_each_routes_envelope():
    """Façade."""
    async with asked() as client:
        native = await client.post("/api/chat", {"model": "nope", "messages": HELLO})
        openai = await client.post("/v1/chat/completions", {"model": "nope", "messages": HELLO})
    assert (native.status, native.json()) == (404, {"error": "model 'nope' not found"})
    assert (openai.status, openai.json()["error"]["type"]) == (404, "not_found_error")


async def test_a_field_of_the_wrong_kind_is_refused():
    """With the status of a real Ollama (ollama/ollama@fb307609)."""
    name = {"model": Claims().model}
    bodies = [
        name | {"messages": "hi"},
        name | {"messages": ["hi"]},
        name | {"messages": [{"role": "user", "content": 5}]},
        {"model": 5, "messages": HELLO},
        [],
        "hi",
    ]
    async with asked() as client:
        answers = [await client.post(path, body) for path in ("/api/chat", "/v1/chat/completions") for body in bodies]
    assert [answer.status for answer in answers] == [400] * 12
    assert all("error" in answer.json() for answer in answers)


async def test_a_model_without_tools_refuses_them():
    """Façade."""
    async with asked(faults=Faults(no_tools=True)) as client:
        answer = await client.post("/api/chat", {"model": "patient", "messages": HELLO, "tools": [WEATHER]})
    assert answer.status == 400
    assert "does not support tools" in answer.json()["error"]


async def test_an_empty_request_unloads_the_model():
    """Façade."""
    async with asked() as client:
        before = (await client.get("/api/ps")).json()["models"]
        await client.post("/api/generate", {"model": "patient", "keep_alive": 0})
        after = (await client.get("/api/ps")).json()["models"]
    assert [len(before), len(after)] == [1, 0]
    assert before[0]["size_vram"] == before[0]["size"]


async def test_a_client_that_hangs_up_stops_the_generation():
    """Façade on a real engine: the next answer does not wait for the one that nobody reads."""
    async with asked(faults=Faults(tok_s=2)) as client:
        body = {"model": "patient", "messages": HELLO, "think": True, "options": {"num_predict": 400}}
        stream = client.lines("/api/chat", body, deadline_s=20)
        first = json.loads(await anext(stream))
        await stream.aclose()
        answer = await client.post("/api/chat", body | {"think": False, "stream": False, "options": {"num_predict": 1}})
    assert first["done"] is False
    assert answer.seconds < 15  # 400 tokens take 200 s


async def test_the_imitator_says_by_header_and_route_who_it_is():
    """Façade of KoboldCpp on a real engine: Ollama's API, a constant version, and another name."""
    async with admitted(patient("healthy-imitator")) as url, Client(url) as client:
        version = await client.get("/api/version")
        about = (await client.get("/api/extra/version")).json()
        body = {"model": "koboldcpp/patient", "messages": HELLO, "temperature": 0}
        answer = (await client.post("/v1/chat/completions", body)).json()
    assert version.json() == {"version": "0.7.0"}
    assert version.headers["server"].startswith("KoboldCppServer")
    assert about["result"] == "KoboldCpp"
    assert answer["choices"][0]["message"]["content"] == "Hello!"
