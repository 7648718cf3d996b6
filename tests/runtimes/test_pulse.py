"""A server's pulse: from tables of a wire as the servers write it, from hostile ones, and from the real engine."""

import asyncio

import pytest

from doctor.http import Client
from doctor.runtimes.pulse import feel
from doctor.vitals import Loaded
from tests.answering import Wire, listening

SLOTS = [
    {
        "id": 0,
        "n_ctx": 4096,
        "is_processing": True,
        "n_prompt_tokens": 900,
        "next_token": [{"has_next_token": True, "n_decoded": 40}],
    },
    {"id": 1, "n_ctx": 4096, "is_processing": False, "n_prompt_tokens": 12},
]
METRICS = """
vllm:kv_cache_usage_perc{engine="0"} 0.25
vllm:num_requests_running{engine="0"} 2.0
vllm:num_requests_waiting{engine="0"} 3.0
vllm:generation_tokens_total{engine="0"} 1234.0
vllm:cache_config_info{num_gpu_blocks="1000",block_size="16"} 1.0
"""


async def pulse(runtime, table):
    async with listening(Wire(table)) as url, Client(url) as client:
        return await feel(client, runtime)


async def test_llama_cpp_tells_slots_tokens_and_the_fullest_window():
    now = await pulse("llama.cpp", {"/slots": SLOTS})
    assert (now.slots, now.busy, now.generated, now.context_used, now.context_size) == (2, 1, 40, 900, 4096)
    assert now.per_request


async def test_an_older_llama_cpp_tells_the_same_in_an_object():
    older = [{**SLOTS[0], "next_token": {"n_decoded": 7}}]
    assert (await pulse("llama.cpp", {"/slots": older})).generated == 7


async def test_ollama_tells_what_is_loaded_and_where():
    table = {"models": [{"name": "qwen3:4b", "size": 1000, "size_vram": 710, "context_length": 4096}]}
    now = await pulse("ollama", {"/api/ps": table})
    assert now.loaded == (Loaded(name="qwen3:4b", gpu_share=0.71),)
    assert now.context_size == 4096
    assert now.generated is None


async def test_vllm_tells_its_pool_and_counts_tokens():
    now = await pulse("vllm", {"/metrics": METRICS.encode()})
    assert (now.busy, now.waiting, now.generated, now.context_used, now.context_size) == (2, 3, 1234, 4000, 16000)
    assert not now.per_request


async def test_any_other_server_only_answers():
    now = await pulse("lmstudio", {"/v1/models": {"data": []}})
    assert now.answers
    assert now.busy is None


async def test_a_server_that_may_not_say_still_answers_and_a_broken_one_does_not():
    assert (await pulse("llama.cpp", {"/slots": (501, {"error": "x"})})).answers is False
    assert (await pulse("llama.cpp", {"/slots": (401, {"error": "x"})})).answers is True
    async with Client("http://127.0.0.1:9") as client:
        gone = await feel(client, "ollama")
    assert not gone.answers
    assert gone.why_silent


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"{}",
        b'[{"is_processing": true, "n_ctx": "x", "next_token": [3]}]',
        b'{"models": [1, {"size": -1}]}',
    ],
)
@pytest.mark.parametrize("runtime", ["llama.cpp", "ollama", "vllm"])
async def test_nonsense_is_no_pulse_and_no_crash(runtime, body):
    now = await pulse(runtime, {"/slots": body, "/api/ps": body, "/metrics": body})
    assert now.generated in (None, 0)
    assert now.context_used in (None, 0)


@pytest.mark.ward
async def test_the_real_engine_at_work_counts_up(engine):
    async with Client(engine) as client:
        body = {"prompt": "The quick brown fox", "n_predict": 400, "ignore_eos": True}
        writing = asyncio.ensure_future(client.post("/completion", body, deadline_s=40))
        counts = []
        while not writing.done():
            counts.append(await feel(client, "llama.cpp"))
        await writing
    seen = [now.generated for now in counts if now.busy and now.generated is not None]
    assert seen == sorted(seen)
    assert max(seen, default=0) > 0
    assert all(now.context_size and now.context_used is not None for now in counts)
