"""What a façade, a gateway and other guests do to a real engine: each fault as it is described, and nothing else."""

import asyncio
import json

import msgspec
import pytest

from doctor.http import Client
from doctor.ward.engine import PATIENT, Settings, serve
from doctor.ward.facade_ollama import Faults, ollama
from doctor.ward.gateway import Gateway, Habits, gateway
from doctor.ward.generation import Limits, cut
from doctor.ward.gguf_edit import read
from doctor.ward.ollama_shapes import Claims
from doctor.ward.others import others_at_work

pytestmark = pytest.mark.ward
LINE = "zebra 7 / café / 日本 / 🙂 / end-42"
COPY = [
    {"role": "system", "content": "You copy text exactly."},
    {"role": "user", "content": f"Copy this line exactly, nothing else: `{LINE}`"},
]
CHAT = "/v1/chat/completions"


def ask(messages, **fields):
    return {
        "model": "patient",
        "messages": messages,
        "max_tokens": 40,
        "temperature": 0,
        "reasoning_effort": "none",
    } | {
        "chat_template_kwargs": {"enable_thinking": False},
        **fields,
    }


def words(count):
    return [{"role": "user", "content": f"List 1. {'stone ' * count}\n\nSay hello."}]


async def chat(client, messages, **fields):
    """(text, finish reason, prompt tokens) of an answer in one piece."""
    answer = (await client.post(CHAT, ask(messages, **fields))).json()
    choice = answer["choices"][0]
    return choice["message"]["content"], choice["finish_reason"], answer["usage"]["prompt_tokens"]


async def streamed(client, messages, **fields):
    """The text of a streamed answer."""
    text = ""
    async for line in client.lines(CHAT, ask(messages, stream=True, **fields), deadline_s=30):
        if line.startswith(b"data: {"):
            for choice in json.loads(line[6:])["choices"]:
                text += choice["delta"].get("content") or ""
    return text


@pytest.fixture(scope="module")
def facade():
    """Asks a façade with these faults on an engine of its own; gives what the function gives."""

    def run(faults, asking, claims=None, settings=None):
        async def session():
            async with (
                serve(settings=settings) as running,
                ollama(running.url, read(PATIENT), claims or Claims(), faults) as url,
                Client(url) as client,
            ):
                return await asking(client)

        return asyncio.run(session())

    return run


@pytest.fixture(scope="module")
def through():
    """Asks a gateway with these habits."""

    def run(habits, asking):
        async def session():
            async with serve() as running, gateway(running.url, habits) as url, Client(url) as client:
                return await asking(client)

        return asyncio.run(session())

    return run


def test_characters_break_in_the_stream_only(facade):
    """Real engine behind a façade."""

    async def asking(client):
        return await streamed(client, COPY), (await chat(client, COPY))[0]

    broken, whole = facade(Faults(splits_characters=True), asking)
    assert whole == LINE
    assert "�" in broken
    assert broken.startswith("zebra 7 / caf")


def test_long_prompts_get_nothing_and_short_ones_an_answer(facade):
    """Real engine behind a façade."""

    async def asking(client):
        return await chat(client, words(300)), await chat(client, words(3))

    (nothing, ended, counted), (text, _, _) = facade(Faults(empty_above=200), asking)
    assert (nothing, ended) == ("", "stop")
    assert counted > 300
    assert text


def test_long_prompts_are_refused_in_the_words_of_the_patient(facade):
    """Real engine behind a façade."""

    async def asking(client):
        answers = [await client.post(CHAT, ask(words(count))) for count in (300, 3)]
        return [(answer.status, answer.text()) for answer in answers]

    long, short = facade(Faults(refuses_above=200, refusal="no user query found", refusal_status=500), asking)
    assert long[0] == 500
    assert "no user query found" in long[1]
    assert short[0] == 200


@pytest.mark.parametrize(("route", "cut_on"), [("native", "native"), ("openai", "openai")])
def test_half_of_the_window_on_one_route(facade, route, cut_on):
    """Real engine behind a façade."""

    async def asking(client):
        native = {"model": "patient", "messages": words(1500), "stream": False, "options": {"num_predict": 1}}
        counted = (await client.post("/api/chat", native)).json()["prompt_eval_count"]
        return {"native": counted, "openai": (await chat(client, words(1500), max_tokens=1))[2]}

    counts = facade(Faults(half_window_on=route), asking, claims=Claims(context=2048))
    assert {name for name, count in counts.items() if count == 1026} == {cut_on}
    assert max(counts.values()) > 1500


def test_a_window_asked_for_holds_for_that_request_and_route_only(facade):
    """Real engine behind a façade."""

    async def asking(client):
        body = {"model": "patient", "messages": words(1500), "stream": False}
        large = await client.post("/api/chat", body | {"options": {"num_predict": 1, "num_ctx": 4096}})
        plain = await client.post("/api/chat", body | {"options": {"num_predict": 1}})
        openai = await chat(client, words(1500), max_tokens=1, num_ctx=4096, options={"num_ctx": 4096})
        return large.json()["prompt_eval_count"], plain.json()["prompt_eval_count"], openai[2]

    large, plain, openai = facade(Faults(), asking, claims=Claims(context=1024))
    assert large > 1500
    assert plain == openai == 514


def test_tokens_from_the_cache_are_left_out_of_the_counts(facade):
    """Real engine behind a façade."""

    async def asking(client):
        return [(await chat(client, words(200), max_tokens=1))[2] for _ in range(2)]

    first, second = facade(Faults(counts_new_only=True), asking)
    assert first > 200
    assert second < 20


def test_pages_of_this_machine_are_let_in_unless_none_is(facade):
    """Real engine behind a façade; the list of origins is Ollama's default."""

    async def asking(client):
        origins = ("http://localhost:3000", "app://x", "https://example.org", "chrome-extension://abc")
        answers = [await client.get("/v1/models", headers={"origin": origin}) for origin in origins]
        return [(answer.status, answer.headers.get("access-control-allow-origin")) for answer in answers]

    assert facade(Faults(), asking) == [
        (200, "http://localhost:3000"),
        (200, "app://x"),
        (403, None),
        (403, None),
    ]
    assert {status for status, _ in facade(Faults(refuses_origins=True), asking)} == {403}


def test_prescribed_texts_take_the_place_of_the_models(facade):
    """Real engine behind façades."""

    async def long(client):
        prose = [{"role": "user", "content": "Write about a river in plain sentences."}]
        return [await streamed(client, prose, max_tokens=96, temperature=t) for t in (0, 0.6)]

    greedy, sampled = facade(Faults(loops_when_greedy=True), long)
    assert greedy.count("The river is wide and slow.") == 12
    assert "The river is wide and slow. The river is wide and slow." not in sampled
    assert facade(Faults(), long, claims=Claims(prose="河水慢慢地流。"))[0] == "河水慢慢地流。"

    async def talk(client):
        three = [{"role": "user", "content": "Say hello."}, {"role": "assistant", "content": "Hello!"}] * 2
        return [(await chat(client, messages))[0] for messages in (three[:1], three[:3])]

    first, later = facade(Faults(forgets_rules_after=2), talk)
    assert first == "Hello!"
    assert later.startswith("That is a very good question")
    assert facade(Faults(canned="Sorry."), talk) == ["Sorry.", "Sorry."]


def test_what_is_sampled_hot_differs_each_time_and_not_between_two_lives(facade):
    """Real engine behind a façade."""
    question = [{"role": "user", "content": "Write about a river in plain sentences."}]

    async def asking(client):
        return [(await chat(client, question))[0] for _ in range(4)]

    first, second = (facade(Faults(ignores_sampling=True), asking) for _ in range(2))
    assert len(set(first)) > 1
    assert first == second
    assert len(set(facade(Faults(), asking))) == 1


def test_an_error_comes_with_200(facade):
    """Real engine behind a façade."""

    async def asking(client):
        answer = await client.post(CHAT, ask(COPY))
        return answer.status, answer.json()["error"]["message"]

    assert facade(Faults(error_with_200="broken"), asking) == (200, "broken")


@pytest.mark.parametrize(
    ("lost", "kept"),
    [
        ("front", [0, 1, 2, 3, *range(84, 100)]),
        ("middle", [*range(10), *range(90, 100)]),
        ("tail", [*range(8), *range(88, 100)]),
    ],
)
def test_each_part_of_a_prompt_can_be_lost(lost, kept):
    limits = Limits(longest=50, cut_to=20, lost=lost)
    assert cut(list(range(100)), limits) == kept
    assert cut(list(range(50)), limits) == list(range(50))


def test_a_faithful_gateway_changes_nothing(through):
    """Real engine behind a gateway."""

    async def asking(client):
        models = await client.get("/v1/models", headers={"origin": "https://example.org"})
        return await streamed(client, COPY), await chat(client, COPY), models, await client.get("/props")

    stream, whole, models, props = through(Habits(), asking)
    assert stream == whole[0] == LINE
    assert models.headers["access-control-allow-origin"] == "*"
    assert models.headers["server"] == "gateway/1.4"
    assert props.json()["total_slots"] == 1


@pytest.mark.parametrize(
    ("loses", "first", "last"), [("front", "w41", "w60"), ("middle", "w1", "w60"), ("tail", "w1", "w20")]
)
def test_a_gateway_trims_where_it_says(loses, first, last):
    text = " ".join(f"w{number}" for number in range(1, 61))
    kept = Gateway(None, Habits(keeps_words=20, loses=loses)).trimmed({"role": "user", "content": text})
    got = kept["content"].split()
    assert len(got) == 20
    assert (got[0], got[-1]) == (first, last)


def test_a_gateway_recodes_hides_and_answers(through):
    """Real engine behind gateways."""

    async def stream(client):
        return await streamed(client, COPY)

    assert "�" in through(Habits(recodes_stream=True), stream)
    assert through(Habits(answers="Sorry, no."), stream) == "Sorry, no."

    async def whole(client):
        return (await client.post(CHAT, ask(COPY))).json(), (await client.get("/props")).status

    hidden, status = through(Habits(hides_usage=True, only_v1=True), whole)
    assert {"usage", "timings"} & set(hidden) == set()
    assert hidden["choices"][0]["message"]["content"] == LINE
    assert status == 404


async def test_other_guests_keep_slots_busy_and_leave():
    """Real engine."""
    async with serve(settings=Settings(slots=2, context=8192)) as running, Client(running.url) as client:
        async with others_at_work(running.url, 1):
            while not (busy := sum(slot["is_processing"] for slot in (await client.get("/slots")).json())):
                pass  # the guest is on its way
        assert busy == 1


def test_habits_and_faults_are_refused_when_misspelt():
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"keep_words": 3}, Habits)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"half_window_at": "native"}, Faults)
