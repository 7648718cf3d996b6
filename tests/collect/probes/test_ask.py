"""Asking over real sockets; the answers are scripted, except where a test says that it runs on the engine."""

import asyncio
import time

import pytest

from doctor.collect.probes.ask import ask, ask_native, ready
from doctor.collect.probes.warm_up import collect_warm_up
from doctor.context import Budget, tallied
from doctor.errors import Malformed, Skip, TooLate, Unreachable
from doctor.facts import Exchange, Models, WarmUp
from doctor.model import Depth
from tests.collect.probes.asking import Canned, answer, chat, context_for, delta, stream

HELLO = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Say hello."}]


async def test_a_request_leaves_nothing_to_defaults() -> None:
    async with Canned(answer(chat("hi", prompt_tokens=9, completion_tokens=1))) as server, context_for(server.url) as c:
        with tallied() as tally:
            exchange = await ask(c, "test", HELLO, max_tokens=8)

    (request,) = server.requests
    sent = request["body"]
    assert request["line"] == "POST /v1/chat/completions HTTP/1.1"
    assert {name: sent[name] for name in ("model", "max_tokens", "temperature", "top_p", "seed")} == {
        "model": "m",
        "max_tokens": 8,
        "temperature": 0,
        "top_p": 1,
        "seed": 42,
    }
    assert sent["chat_template_kwargs"] == {"enable_thinking": False}
    assert (exchange.text, exchange.prompt_tokens, exchange.sent_words) == ("hi", 9, 4)
    assert (exchange.route, tally.requests) == ("POST /v1/chat/completions", 1)


async def test_keys_of_this_shell_never_reach_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.setenv(name, "s3cret")
    monkeypatch.setenv("OPENAI_CUSTOM_HEADERS", "X-Gateway: s3cret\nAuthorization: Bearer s3cret")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1/v1")
    async with Canned(answer(chat())) as server, context_for(server.url) as context:
        await ask(context, "test", HELLO, max_tokens=1)

    assert "s3cret" not in str(server.requests)
    assert "authorization" not in server.requests[0]["headers"]


async def test_the_users_key_is_sent_to_the_server_that_was_named() -> None:
    async with Canned(answer(chat())) as server, context_for(server.url, api_key="k3y") as context:
        await ask(context, "test", HELLO, max_tokens=1)

    assert server.requests[0]["headers"]["authorization"] == "bearer k3y"


@pytest.mark.parametrize("status", [400, 401, 404, 429, 500, 503])
async def test_a_refusal_is_an_exchange_and_is_not_tried_again(status: int) -> None:
    refusal = answer({"error": {"message": "no, because"}}, status)
    async with Canned(refusal) as server, context_for(server.url) as context:
        exchange = await ask(context, "test", HELLO, max_tokens=1, stream=True)

    assert (exchange.status, exchange.error, exchange.ok) == (status, "no, because", False)
    assert len(server.requests) == 1


async def test_fields_that_a_strict_server_names_are_left_out() -> None:
    refusal = answer({"error": {"message": "Unknown field: stream_options, seed"}}, 400)
    async with Canned(refusal, stream(delta("hi"), "data: [DONE]")) as server, context_for(server.url) as context:
        exchange = await ask(context, "test", HELLO, max_tokens=1, stream=True)

    assert exchange.text == "hi"
    assert not {"stream_options", "seed"} & set(server.requests[1]["body"])
    assert server.requests[1]["body"]["temperature"] == 0


async def test_an_old_ollama_without_v1_is_asked_natively() -> None:
    native = answer({"message": {"content": "hi"}, "done_reason": "stop", "load_duration": 2_000_000_000})
    gone = answer(b"404 page not found", 404, "text/plain")
    async with Canned(gone, native) as server, context_for(server.url, runtime="ollama") as context:
        exchange = await ask(context, "test", HELLO, max_tokens=5)

    assert (exchange.text, exchange.load_s, exchange.route) == ("hi", 2.0, "POST /api/chat")
    sent = server.requests[1]["body"]
    assert (sent["stream"], sent["think"], sent["options"]["num_predict"]) == (False, False, 5)


async def test_a_model_that_cannot_think_is_not_told_not_to() -> None:
    refusal = answer({"error": '"m" does not support thinking'}, 400)
    native = answer({"message": {"content": "hi"}})
    async with Canned(refusal, native) as server, context_for(server.url, runtime="ollama") as context:
        exchange = await ask_native(context, "test", HELLO, max_tokens=1)

    assert exchange.text == "hi"
    assert "think" not in server.requests[1]["body"]


async def test_a_slow_stream_is_closed_early_and_keeps_what_came() -> None:
    async def drip(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n")
        for _ in range(1000):
            writer.write((delta("G") + "\n\n").encode())
            await writer.drain()
            await asyncio.sleep(0.02)

    async with Canned(drip) as server, context_for(server.url) as context:
        began = time.perf_counter()
        exchange = await ask(context, "test", HELLO, max_tokens=64, stream=True, stop_after_s=0.2)

    assert time.perf_counter() - began < 5
    assert exchange.stopped_early
    assert set(exchange.content) == {"G"}
    assert exchange.chunks == len(exchange.content)
    assert exchange.first_token_s <= exchange.last_token_s


async def test_a_server_that_never_answers_is_too_late() -> None:
    async def silence(_: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with Canned(silence) as server, context_for(server.url) as context:
        with pytest.raises(TooLate, match="within 0 s"):
            await ask(context, "test", HELLO, max_tokens=1, deadline_s=0.3, stream=True, stop_after_s=0.1)
        assert not context.model_lock.locked()


async def test_a_connection_that_breaks_or_nonsense_is_one_of_our_errors() -> None:
    cut = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    async with Canned(cut) as server, context_for(server.url) as context:
        with pytest.raises(Unreachable):
            await ask(context, "test", HELLO, max_tokens=1)
    for body in (b"<html>hello</html>", b"[]", b'{"choices": []}'):
        async with Canned(answer(body)) as server, context_for(server.url) as context:
            with pytest.raises(Malformed):
                await ask(context, "test", HELLO, max_tokens=1)


async def test_an_idle_connection_that_was_closed_is_replaced_once() -> None:
    async with Canned(b"", answer(chat("hi"))) as server, context_for(server.url) as context:
        assert (await ask(context, "test", HELLO, max_tokens=1)).text == "hi"
    async with Canned(b"") as server, context_for(server.url) as context:
        with pytest.raises(Unreachable, match="without an answer"):
            await ask(context, "test", HELLO, max_tokens=1)
        assert len(server.requests) == 2


async def test_unicode_line_separators_inside_an_answer_do_not_cut_it() -> None:
    line = 'data: {"choices":[{"delta":{"content":"a\u2028b\u0085c"}}]}'
    async with Canned(stream(line)) as server, context_for(server.url) as context:
        exchange = await ask(context, "test", HELLO, max_tokens=1, stream=True)

    assert exchange.content == "a\u2028b\u0085c"


async def test_nothing_is_asked_at_depth_passive_or_without_a_model() -> None:
    async with Canned(answer(chat())) as server:
        async with context_for(server.url, depth=Depth.PASSIVE) as context:
            with pytest.raises(Skip, match="passive"):
                await ask(context, "test", HELLO, max_tokens=1)
        async with context_for(server.url, Models(names=())) as context:
            with pytest.raises(Skip, match="no model"):
                await ask(context, "test", HELLO, max_tokens=1)

    assert server.requests == []


async def test_the_budget_is_booked_and_held() -> None:
    body = answer(chat(completion_tokens=3))
    async with Canned(body) as server:
        budget = Budget(requests=2, output_tokens=10, deadline_s=30)
        async with context_for(server.url, budget=budget) as context:
            await ask(context, "test", HELLO, max_tokens=8)
            assert (budget.requests_left, budget.output_tokens_left) == (1, 7)
            with pytest.raises(Skip, match="output tokens"):
                await ask(context, "test", HELLO, max_tokens=8)
            await ask(context, "test", HELLO, max_tokens=1)
            with pytest.raises(Skip, match="requests"):
                await ask(context, "test", HELLO, max_tokens=1)
        async with context_for(server.url, budget=Budget(requests=9, output_tokens=9, deadline_s=0)) as context:
            with pytest.raises(Skip, match="time is up"):
                await ask(context, "test", HELLO, max_tokens=1)

    assert len(server.requests) == 2


async def test_a_model_that_fails_is_reported_once_and_not_asked_again() -> None:
    refusal = answer({"error": "llama runner process has terminated"}, 500)
    async with Canned(refusal) as server, context_for(server.url, runtime="ollama") as context:
        warm = await collect_warm_up(context)
        assert (warm.first.status, warm.second) == (500, None)
    async with Canned(answer(chat())) as server, context_for(server.url, warm) as context:
        with pytest.raises(Skip, match="has terminated"):
            await ready(context)
        assert server.requests == []


async def test_a_server_that_dies_when_asked_is_an_answer_of_its_own() -> None:
    async def die(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    async with Canned(die) as server, context_for(server.url) as context:
        warm = await collect_warm_up(context)

    assert warm.first.status == 0
    assert warm.first.error
    assert isinstance(warm, WarmUp)
    assert isinstance(warm.first, Exchange)
