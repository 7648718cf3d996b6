"""The survival check on given facts, and the look at a server that is there, refuses, or has gone."""

import pytest

from doctor.facts import Identity, StillThere
from doctor.ward.engine import Settings, serve
from tests.collect.probes.asking import Canned, answer, context_for
from tests.given import run_check, symptoms

LLAMA = Identity(runtime="llama.cpp", state="ready", name="llama.cpp server")


@pytest.mark.parametrize(("there", "expected"), [(True, []), (False, ["server-lost"])])
async def test_a_server_that_was_lost_is_found(there: bool, expected: list[str]) -> None:
    found = await run_check("survival", [LLAMA, StillThere(answers=there, detail="the connection was refused")])
    assert symptoms(found) == expected


@pytest.mark.parametrize("status", [200, 401, 500])
async def test_any_answer_is_one(status: int) -> None:
    async with Canned(answer({}, status)) as server, context_for(server.url) as context:
        found = await context.fact(StillThere)
    assert (found.answers, found.detail, found.route) == (True, f"HTTP {status}", "GET /v1/models")


@pytest.mark.ward
async def test_an_engine_that_ended_is_missed() -> None:
    """Real engine, gone before it is looked for."""
    async with serve(settings=Settings()) as running:
        url = running.url
    async with context_for(url) as context:
        found = await context.fact(StillThere)
    assert not found.answers
    assert "refused" in found.detail
