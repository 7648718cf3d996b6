"""The check gpu-memory on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, LoadedModel, LoadedModels, Reach, ServerProcess, Tenant
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:11434", host="127.0.0.1", port=11434, state="open")
SERVER = ServerProcess(pid=100, name="ollama", child_pids=(101,))
RUNNER = Tenant(pid=101, name="llama-server", memory_bytes=8 * GIB)


def card(free_gib, *tenants, total_gib=24, **other):
    return Gpus(
        devices=(
            Gpu(
                index=0,
                name="RTX 3090",
                vendor="nvidia",
                memory_total_bytes=total_gib * GIB,
                memory_used_bytes=int((total_gib - free_gib) * GIB),
                memory_free_bytes=int(free_gib * GIB),
                tenants=tenants,
                source="NVML",
                **other,
            ),
        )
    )


def model(inside_gib, size_gib=20):
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=size_gib * GIB, vram_bytes=inside_gib * GIB),))


async def test_a_full_card_with_the_whole_model_on_it_is_healthy():
    assert symptoms(await run_check("gpu-memory", [HERE, card(0.2), model(20), SERVER])) == []


async def test_vllm_that_takes_nearly_all_is_healthy():
    """vLLM does not list its share: nothing is known to be outside."""
    assert symptoms(await run_check("gpu-memory", [HERE, card(0.5)])) == []


async def test_no_room_and_a_part_outside_is_tight():
    verdict = await run_check("gpu-memory", [HERE, card(0.3), model(14)])
    assert symptoms(verdict) == ["gpu-memory-tight"]
    assert "6.0 GiB of the model is outside it" in verdict.findings[0].summary


async def test_a_program_whose_memory_would_have_been_enough_is_named():
    game = Tenant(pid=7, name="game.exe", memory_bytes=7 * GIB)
    verdict = await run_check("gpu-memory", [HERE, card(3, RUNNER, game), model(14), SERVER])
    assert symptoms(verdict) == ["other-tenant-holds-gpu"]
    assert verdict.findings[0].subject == "game.exe"


@pytest.mark.parametrize(
    "tenant",
    [
        Tenant(pid=7, name="Xorg", memory_bytes=GIB // 2),
        Tenant(pid=7, name="blender", memory_bytes=2 * GIB),  # not enough to make the difference
        Tenant(pid=101, name="llama-server", memory_bytes=14 * GIB),
    ],
)
async def test_a_desktop_a_small_tenant_and_the_server_itself_are_not_blamed(tenant):
    assert symptoms(await run_check("gpu-memory", [HERE, card(3, RUNNER, tenant), model(14), SERVER])) == []


async def test_without_the_servers_process_a_python_may_be_the_server():
    python = Tenant(pid=7, name="python3", memory_bytes=10 * GIB)
    assert symptoms(await run_check("gpu-memory", [HERE, card(3, python), model(14)])) == []


@pytest.mark.parametrize(
    "gpus", [Gpus(), card(1, unified=True), Gpus(devices=(Gpu(index=0, name="x", vendor="intel"),))]
)
async def test_a_machine_without_gpu_memory_of_its_own_is_skipped(gpus):
    with pytest.raises(Skip, match="no GPU with memory of its own"):
        await run_check("gpu-memory", [HERE, gpus, model(0)])


async def test_a_server_elsewhere_is_skipped():
    there = Reach(url="http://10.0.0.5:11434", host="10.0.0.5", port=11434, state="open")
    with pytest.raises(Skip, match="another machine"):
        await run_check("gpu-memory", [there, card(1), model(0)])
