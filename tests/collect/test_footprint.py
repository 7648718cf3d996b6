"""The footprint of the served model, from its real file and given facts, and of a real server."""

import asyncio

import pytest

from doctor.collect import host_collectors, target_collectors
from doctor.collect.footprint import collect_footprint
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import (
    Footprint,
    Gpu,
    Gpus,
    Identity,
    LoadedModel,
    LoadedModels,
    Memory,
    ModelCard,
    Reach,
    ServerProcess,
    Window,
)
from doctor.http import Client
from doctor.model import Depth
from doctor.ward.engine import PATIENT
from tests.collect.test_fit_params import posix, program
from tests.given import given

GIB = 1 << 30
CARD = Gpu(index=0, name="RTX 3060", vendor="nvidia", memory_total_bytes=12 * GIB, memory_free_bytes=2 * GIB)
BASE = {
    Reach: Reach(url="http://x", host="127.0.0.1", port=1, state="open"),
    Identity: Identity(runtime="llama.cpp", state="ready"),
    ModelCard: ModelCard(name="patient", file_path=str(PATIENT)),
    Window: Window(per_request=4096, slots=1),
    Memory: Memory(total_bytes=32 * GIB, available_bytes=16 * GIB),
    Gpus: Gpus(),
}


async def found(*facts):
    known = {**BASE, **{type(fact): fact for fact in facts}}
    return await collect_footprint(given(known.values()))


def loaded(share=100):
    return LoadedModels(models=(LoadedModel(name="patient", size_bytes=100, vram_bytes=share),))


async def test_without_a_gpu_the_ram_is_the_room():
    footprint = await found()
    assert (footprint.where, footprint.context, footprint.kv_bytes) == ("RAM", 4096, 12 << 20)
    assert footprint.tokens_that_fit > 1_000_000
    assert footprint.assumed == ("an f16 cache",)


async def test_a_containers_limit_is_the_room():
    memory = Memory(total_bytes=32 * GIB, available_bytes=16 * GIB, limit_bytes=2 * GIB, limit_used_bytes=GIB // 2)
    footprint = await found(memory)
    assert footprint.free_bytes == 3 * GIB // 2 - 5_023_392  # the file's pages are needed although they are "free"
    assert footprint.tokens_that_fit < (await found()).tokens_that_fit


async def test_a_model_on_the_gpu_has_the_room_that_the_driver_says():
    footprint = await found(Gpus(devices=(CARD,)), loaded())
    assert (footprint.where, footprint.free_bytes) == ("GPU memory", 2 * GIB)
    # 6 layers x 256 elements x 2 bytes of cache, and 512 rows x 2 bytes of mask
    assert footprint.bytes_per_token == 6 * 256 * 2 + 512 * 2


async def test_the_cache_type_is_read_from_the_command_line():
    process = ServerProcess(pid=1, name="llama-server", command=("llama-server", "-ctk", "q8_0", "-ctv", "q8_0"))
    assert (await found(process)).kv_bytes == int(4096 * 6 * 256 * 34 / 32)


@posix
async def test_llama_cpps_own_numbers_come_before_the_computed_ones(tmp_path, monkeypatch):
    program(tmp_path, 'print("CUDA0 5 13 9 \\nHost 1 0 5 ")')
    monkeypatch.setenv("PATH", str(tmp_path))
    process = ServerProcess(pid=1 << 30, name="llama-server", command=("llama-server", "-m", "x"))
    footprint = await found(process)
    assert (footprint.origin, footprint.weights_bytes, footprint.kv_bytes) == ("probed", 6 << 20, 13 << 20)
    assert footprint.bytes_per_token == (await found()).bytes_per_token
    assert (await found()).origin == "computed"


@posix
async def test_a_program_that_fails_leaves_the_computed_numbers(tmp_path, monkeypatch):
    program(tmp_path, "sys.exit(1)")
    monkeypatch.setenv("PATH", str(tmp_path))
    process = ServerProcess(pid=1 << 30, name="llama-server", command=("llama-server", "-m", "x"))
    assert (await found(process)).origin == "computed"


async def test_what_the_runtime_reports_is_kept_beside_them_unless_it_is_the_files_size():
    size = LoadedModels(models=(LoadedModel(name="patient", size_bytes=9_000_000),))
    assert (await found(size)).reported_bytes == (await found(size)).held_bytes == 9_000_000
    file_size = LoadedModels(models=(LoadedModel(name="patient", size_bytes=PATIENT.stat().st_size),))
    footprint = await found(file_size)
    assert footprint.reported_bytes is None
    assert footprint.held_bytes == footprint.weights_bytes + footprint.kv_bytes + footprint.compute_bytes


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((Reach(url="http://x", host="192.168.1.9", port=1, state="open"),), "another machine"),
        ((Window(per_request=None),), "how large its window"),
        ((ModelCard(name="nobody"),), "not found on this machine"),
        ((ServerProcess(pid=1, name="ssh", tunnel=True),), "another machine"),
        ((Gpus(devices=(CARD, CARD)),), "several GPUs"),
        ((Gpus(devices=(CARD,)), loaded(50)), "all on the GPU"),
        ((ServerProcess(pid=1, name="x", command=("x", "-ctk", "turbo")),), "KV cache"),
    ],
)
async def test_what_is_not_certain_is_skipped_with_the_reason(facts, reason):
    with pytest.raises(Skip, match=reason):
        await found(*facts)


@pytest.mark.ward
async def test_a_real_servers_footprint_is_what_it_allocated(engine):
    """Real engine: 4 096 tokens in one slot take 12 MiB of cache, as its log says."""
    host = Context(Target(url="", named=False), Depth.PASSIVE, host_collectors())
    client = Client(engine)
    context = Context(Target(url=engine), Depth.PASSIVE, target_collectors(), host=host, http=client)
    try:
        footprint = await asyncio.wait_for(context.fact(Footprint), 20)
    finally:
        await context.close()
        await host.close()
        await client.close()
    assert (footprint.context, footprint.kv_bytes) == (4096, 12 << 20)
    assert footprint.path == str(PATIENT)
