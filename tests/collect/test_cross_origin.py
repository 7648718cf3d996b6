"""Requests as web pages send them, and tokens there and back: on the real engine and on scripted servers."""

import pytest

from doctor.errors import Skip
from doctor.facts import CrossOrigin, Identity, ModelCard, TokenTrips
from doctor.ward.engine import serving
from doctor.ward.variants import prepared
from doctor.ward.wire import Reply, json_reply, listening
from tests.collect.probes.asking import Canned, answer, context_for


@pytest.mark.ward
async def test_the_engine_lets_pages_in(engine):
    """Real engine."""
    async with context_for(engine) as context:
        found = await context.fact(CrossOrigin)
    assert found.plain_status == 200
    assert [trial.status for trial in found.trials] == [200, 200, 200]
    assert found.trials[0].allowed in ("*", "http://localhost:3000")


async def test_each_origin_is_sent_and_its_answer_read():
    seen = []

    async def handle(request):
        origin = request.headers.get("origin", "")
        seen.append(origin)
        if origin.startswith("chrome"):
            return Reply(status=403)
        return Reply(headers={"access-control-allow-origin": "*"} if origin else {}, body=b"{}")

    async with listening(handle) as url, context_for(url) as context:
        found = await context.fact(CrossOrigin)
    assert seen[0] == ""
    assert [(trial.status, trial.allowed) for trial in found.trials] == [(200, "*"), (403, ""), (200, "*")]
    assert seen[1:] == [trial.origin for trial in found.trials]


async def test_a_list_that_nobody_may_see_is_not_judged():
    async with Canned(answer({}, 401)) as server, context_for(server.url) as context:
        with pytest.raises(Skip, match="401"):
            await context.fact(CrossOrigin)


@pytest.mark.ward
async def test_text_survives_the_patients_tokenizer(engine):
    """Real engine."""
    card = ModelCard(name="m", metadata={"tokenizer.ggml.pre": "qwen2", "tokenizer.ggml.model": "gpt2"})
    async with context_for(engine, card) as context:
        found = await context.fact(TokenTrips)
    assert all(trip.whole for trip in found.trips)
    assert (found.digit_tokens, found.digits_expected, found.vocabulary) == (10, None, "gpt2")


@pytest.mark.ward
async def test_lost_letters_show_in_the_trip():
    """Real engine with a vocabulary that has holes."""
    with prepared("letters_gone") as path, serving(path) as running:
        async with context_for(
            running.url, ModelCard(name="m", metadata={"tokenizer.ggml.pre": "llama-bpe"})
        ) as context:
            found = await context.fact(TokenTrips)
    assert [trip.whole for trip in found.trips] == [True, False, True]
    assert (found.digit_tokens, found.digits_expected) == (10, 4)


async def test_servers_without_a_tokenizer_route_are_not_judged():
    async with Canned(answer({"error": "not found"}, 404)) as server:
        async with context_for(server.url, ModelCard(name="m")) as context:
            with pytest.raises(Skip, match="does not show its tokenizer"):
                await context.fact(TokenTrips)
        async with context_for(server.url, ModelCard(name="m"), runtime="ollama") as context:
            with pytest.raises(Skip, match="does not show its tokenizer"):
                await context.fact(TokenTrips)


async def test_a_server_without_a_model_list_has_no_origins_to_try():
    who = Identity(runtime="ollama", state="ready", base_url="http://127.0.0.1:1")
    async with Canned(answer(json_reply({}).body)) as server, context_for(server.url, who) as context:
        with pytest.raises(Skip, match="no model list"):
            await context.fact(CrossOrigin)
