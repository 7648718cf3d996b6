"""The check build on given facts, and on the process of a real llama.cpp server that is a build for the processor."""

import pytest

from doctor.collect.process import read_server_process
from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, LoadedModel, LoadedModels, ModelCard, Models, Reach, ServerProcess
from tests.given import run_check, symptoms

GIB = 1 << 30
RTX = Gpu(index=0, name="RTX 3060", vendor="nvidia", memory_total_bytes=12 * GIB)
RADEON = Gpu(index=0, name="RX 7900 XTX", vendor="amd", memory_total_bytes=24 * GIB)
FACTS = (
    Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open"),
    Models(names=("m",), chosen="m"),
    ModelCard(name="m", size_bytes=5 * GIB),
    ServerProcess(pid=1, name="llama-server", backends=()),
    Gpus(devices=(RTX,)),
)


async def judged(*facts):
    known = {type(fact): fact for fact in (*FACTS, *facts)}
    return await run_check("build", known.values())


def process(*backends, beside=(), **other):
    return ServerProcess(pid=1, name="llama-server", backends=backends, backends_beside=beside, **other)


async def test_a_program_without_any_gpu_library_is_a_build_for_the_processor():
    found = await judged()
    assert symptoms(found) == ["build-without-gpu"]
    assert "no GPU library at all" in found.findings[0].summary


async def test_a_build_for_another_makers_cards_is_named():
    found = await judged(Gpus(devices=(RADEON,)), process("cuda"))
    assert "only libraries for cuda" in found.findings[0].summary


@pytest.mark.parametrize(
    "fact",
    [
        process("cuda"),
        process("vulkan"),
        process(beside=("cuda",)),  # there and not loaded: another reason keeps it off the card
        Gpus(),
        Gpus(devices=(Gpu(index=0, name="UHD 770", vendor="intel", integrated=True),)),
        LoadedModels(models=(LoadedModel(name="m", size_bytes=5 * GIB, vram_bytes=5 * GIB),)),
        LoadedModels(models=()),
    ],
)
async def test_a_server_that_can_use_the_card_or_has_no_model_is_no_finding(fact):
    assert symptoms(await judged(fact)) == []


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (ServerProcess(pid=1, name="ollama"), "cannot be read"),
        (process(tunnel=True), "cannot be read"),
        (ModelCard(name="m", size_bytes=GIB // 2), "on purpose"),
        (ModelCard(name="m"), "how large"),
        (Models(names=("m",), chosen="m", remote=True), "another machine"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact, reason):
    with pytest.raises(Skip, match=reason):
        await judged(fact)


async def test_a_real_server_for_the_processor_is_recognised(engine):
    """On a real llama.cpp server without GPU code, beside a card that is only given."""
    server = read_server_process(int(engine.rsplit(":", 1)[1]), "llama.cpp")
    if server.backends is None:
        pytest.skip("this system does not say which files a process has mapped")
    assert symptoms(await judged(server)) == ["build-without-gpu"]
