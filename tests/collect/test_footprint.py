"""The footprint of the served model, from its real file and given facts, and of a real server."""

import asyncio

import msgspec
import pytest

from doctor.collect import host_collectors, target_collectors
from doctor.collect.footprint import _ollama_slots, collect_footprint
from doctor.collect.shape import read_model_file
from doctor.context import Context, Target
from doctor.errors import Skip
from doctor.facts import (
    Footprint,
    Gpu,
    Gpus,
    Identity,
    KvCache,
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
from doctor.sizing.memory import need
from doctor.sizing.settings import NEWER_BUILD, Settings
from doctor.ward.engine import PATIENT
from tests.collect.test_fit_params import posix, program
from tests.given import bundled, given, symptoms

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


@pytest.mark.parametrize(
    ("words", "rows"),
    [((), 512), (("-ub", "128"), 128), (("--ubatch-size", "2048"), 2048), (("-ub", "1024", "-b", "256"), 256)],
)
async def test_the_rows_that_are_computed_at_once_are_read_from_the_command_line(words, rows):
    process = ServerProcess(pid=1, name="llama-server", command=("llama-server", *words))
    assert (await found(process)).compute_bytes == computed(ubatch=rows)


async def test_the_build_that_the_server_says_decides_what_is_computed():
    said = Identity(runtime="llama.cpp", state="ready", version=f"b{NEWER_BUILD}-abc1234")
    assert (await found(said)).compute_bytes == computed(build=NEWER_BUILD)
    unknown = Identity(runtime="llama.cpp", state="ready", version="b0-unknown")
    assert (await found(unknown)).compute_bytes == computed()


def computed(**changed):
    """What the sizing module says of the patient under such settings."""
    model = read_model_file(PATIENT)
    computing = need(model.shape, Settings(context=4096, outputs=1, backend="cpu", **changed)).compute
    return int(computing.device + computing.host)


async def test_a_server_without_a_window_has_a_cache_that_grows_from_nothing():
    """mlx_lm.server sets no limit and says none; its model is the one of its command line."""
    process = ServerProcess(pid=1, name="python", command=("mlx_lm.server", "--model", PATIENT.name))
    process = msgspec.structs.replace(process, folder=str(PATIENT.parent))
    known = {**BASE, Identity: Identity(runtime="mlx-lm", state="ready"), ServerProcess: process}
    del known[Window], known[ModelCard]
    footprint = await collect_footprint(given(known.values()))
    assert (footprint.grows, footprint.context, footprint.path) == (True, 8192, str(PATIENT))
    reserved = await found(Window(per_request=8192, slots=1))
    assert footprint.tokens_that_fit < reserved.tokens_that_fit


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
        ((Gpus(devices=(CARD, CARD)), loaded()), "several GPUs"),
        ((Gpus(devices=(CARD,)), loaded(50)), "all on the GPU"),
        ((Gpus(devices=(CARD,)),), "all on the GPU"),
        ((Gpus(devices=(msgspec.structs.replace(CARD, memory_free_bytes=None),)), loaded()), "how much memory"),
    ],
)
async def test_a_model_that_is_spread_has_a_size_and_no_room(facts, reason):
    footprint = await found(*facts)
    assert (footprint.free_bytes, footprint.tokens_that_fit, footprint.where) == (None, None, "")
    assert reason in footprint.why_spread
    assert footprint.kv_bytes == 12 << 20
    assert footprint.bytes_per_token >= 6 * 256 * 2


@pytest.mark.parametrize(("architecture", "slots"), [("llama", 4), ("qwen35moe", 1), ("mllama", 1)])
def test_ollama_works_on_several_requests_only_where_the_model_allows_it(architecture, slots):
    process = ServerProcess(pid=1, name="ollama", environment={"OLLAMA_NUM_PARALLEL": "4"})
    assert _ollama_slots(process, architecture) == slots
    assert _ollama_slots(None, architecture) == 0


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((Reach(url="http://x", host="192.168.1.9", port=1, state="open"),), "another machine"),
        ((Window(per_request=None),), "how large its window"),
        ((ModelCard(name="nobody"),), "not found on this machine"),
        ((ServerProcess(pid=1, name="ssh", tunnel=True),), "another machine"),
        ((ServerProcess(pid=1, name="x", command=("x", "-ctk", "turbo")),), "KV cache"),
    ],
)
async def test_what_is_not_certain_is_skipped_with_the_reason(facts, reason):
    with pytest.raises(Skip, match=reason):
        await found(*facts)


@pytest.fixture
async def live(engine):
    """All facts of a real server, asked passively."""
    host = Context(Target(url="", named=False), Depth.PASSIVE, host_collectors())
    client = Client(engine)
    context = Context(Target(url=engine), Depth.PASSIVE, target_collectors(), host=host, http=client)
    yield context
    await context.close()
    await host.close()
    await client.close()


@pytest.mark.ward
async def test_a_real_servers_footprint_is_what_it_allocated(live):
    """Real engine: 4 096 tokens in one slot take 12 MiB of cache, as its log says."""
    footprint = await asyncio.wait_for(live.fact(Footprint), 20)
    assert (footprint.context, footprint.kv_bytes) == (4096, 12 << 20)
    assert footprint.path == str(PATIENT)


@pytest.mark.ward
async def test_a_real_servers_private_memory_holds_its_cache_and_no_old_prompts(live):
    """Real engine: private to it are the cache, buffers and Python, far below the 1 GiB that old prompts need."""
    server = await asyncio.wait_for(live.fact(ServerProcess), 20)
    if server.private_bytes is None:
        pytest.skip("this system does not tell private pages from those of files")
    assert 12 << 20 < server.private_bytes < server.rss_bytes
    verdict = await asyncio.wait_for(bundled("kept-prompts").run(live), 20)
    assert symptoms(verdict) == []
    assert {e.label: e.value for e in verdict.evidence}["limit of old prompts"] == 8192


@pytest.mark.ward
async def test_a_real_servers_cache_is_measured_and_leaves_room(live):
    """Real engine: it reports no split, so the size is all that the check kv-cache has to say."""
    cache = await asyncio.wait_for(live.fact(KvCache), 20)
    assert (cache.held_bytes, cache.window, cache.slots) == (12 << 20, 4096, 1)
