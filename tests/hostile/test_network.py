"""Servers that misbehave on the wire: every one ends in a known way, in time, in little memory. Real sockets."""

import asyncio
import tracemalloc

import pytest

from doctor.collect.reach import collect_reach
from doctor.context import Context, Target
from doctor.errors import DoctorError, Skip
from doctor.facts import Identity, Reach
from doctor.http import Client
from doctor.model import Depth
from doctor.runtimes.identify import collect_identity
from doctor.ward.fault_server import FAULTS, serving

DEADLINE_S = 0.5
# The whole test process with both ends of the connection; 10 MiB is the largest body that is let in.
MEMORY_BYTES = 60 << 20

STATES = {
    "silence": "silent",
    "slow-headers": "silent",
    "slow-body": "silent",
    "endless-100-continue": "silent",
    "reset": "reset",
    "reset-in-body": "reset",
    "close-at-once": "reset",
    "length-too-long": "reset",
    "tls": "tls",
}
# Those that show a model list, a refusal in JSON or a known header; all others are no model server.
RUNTIMES = {
    "openai": "openai",
    "gzip": "openai",
    "unauthorized": "openai",
    "forbidden": "openai",
    "loading": "llama.cpp",
    "key-required": "llama.cpp",
}


@pytest.mark.parametrize("name", FAULTS)
async def test_a_request_ends_with_an_answer_or_a_sentence_in_time(name):
    loop = asyncio.get_running_loop()
    async with serving(name) as server, Client(server.url) as client:
        began = loop.time()
        tracemalloc.start()
        try:
            answer = await client.get("/v1/models", deadline_s=DEADLINE_S)
            said = f"HTTP {answer.status}"
        except DoctorError as error:
            said = str(error)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert loop.time() - began < DEADLINE_S + 5.0  # a busy machine may need as long to wake us up
    assert said
    assert said.isprintable()
    assert peak < MEMORY_BYTES


@pytest.mark.parametrize("name", [name for name in FAULTS if STATES.get(name) != "silent"])
async def test_each_fault_has_its_state_and_is_never_taken_for_a_known_server(name):
    async with serving(name) as server:
        reach, identity = await examined(server.url)
    assert reach.state == STATES.get(name, "open")
    assert identity is None or identity.runtime == RUNTIMES.get(name, "")


@pytest.mark.parametrize("name", ["silence", "slow-body", "endless-100-continue"])
async def test_silence_is_told_from_refusal(name, monkeypatch):
    monkeypatch.setattr("doctor.collect.reach.FIRST_ANSWER_S", DEADLINE_S)
    async with serving(name) as server:
        reach, identity = await examined(server.url)
    assert reach.state == "silent"
    assert identity is None


async def test_control_characters_of_a_banner_do_not_get_through():
    async with serving("escape-banner") as server:
        _, identity = await examined(server.url)
    assert identity is not None
    assert identity.state == "foreign"
    assert identity.answer.isprintable()


async def examined(url: str) -> tuple[Reach, Identity | None]:
    collectors = {Reach: collect_reach, Identity: collect_identity}
    async with Client(url) as client:
        context = Context(Target(url=url), Depth.PASSIVE, collectors, http=client)
        reach = await context.fact(Reach)
        try:
            return reach, await context.fact(Identity)
        except Skip:
            return reach, None
