"""The check gpu-split on given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, LoadedModel, LoadedModels, Reach, ServerProcess, Tenant
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
SERVER = ServerProcess(pid=100, name="ollama", child_pids=(101,))
RUNNER = Tenant(pid=101, name="llama-server", memory_bytes=11 * GIB)


def card(index, free_gib, *tenants, total_gib=12):
    total, free = total_gib * GIB, int(free_gib * GIB)
    return Gpu(
        index=index,
        name="RTX 3060",
        vendor="nvidia",
        memory_total_bytes=total,
        memory_free_bytes=free,
        tenants=tenants,
        source="NVML",
    )


def model(outside_gib, size_gib=20):
    inside = int((size_gib - outside_gib) * GIB)
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=size_gib * GIB, vram_bytes=inside),))


async def judged(*cards, outside=3.0, server=SERVER):
    return await run_check("gpu-split", [HERE, Gpus(devices=cards), model(outside), server])


async def test_a_full_card_beside_one_with_room_for_the_rest_is_a_bad_split():
    found = await judged(card(0, 0.3, RUNNER), card(1, 6))
    assert symptoms(found) == ["gpu-split-uneven"]
    assert "GPU 0 (RTX 3060) has 2 % free, GPU 1 (RTX 3060) 50 %" in found.findings[0].summary


@pytest.mark.parametrize(
    ("cards", "outside"),
    [
        ((card(0, 0.3), card(1, 6)), 0),  # the whole model is on the cards
        ((card(0, 0.9), card(1, 6)), 3),  # the fuller card still has room
        ((card(0, 0.3), card(1, 3.5)), 2),  # both are nearly full
        ((card(0, 0.3), card(1, 6)), 7),  # it would not fit there either
        ((card(0, 0.3, Tenant(pid=7, name="game", memory_bytes=8 * GIB)), card(1, 6)), 3),
    ],
)
async def test_what_another_split_would_not_mend_is_no_finding(cards, outside):
    assert symptoms(await judged(*cards, outside=outside)) == []


@pytest.mark.parametrize(
    "choice",
    [{"environment": {"CUDA_VISIBLE_DEVICES": "0"}}, {"command": ("llama-server", "-sm", "none")}],
)
async def test_cards_that_somebody_chose_are_a_choice(choice):
    server = msgspec.structs.replace(SERVER, **choice)
    assert symptoms(await judged(card(0, 0.3, RUNNER), card(1, 6), server=server)) == []


async def test_a_model_that_is_wholly_in_ram_is_not_a_split():
    facts = [HERE, Gpus(devices=(card(0, 0.3), card(1, 6))), model(20), SERVER]
    assert symptoms(await run_check("gpu-split", facts)) == []


async def test_a_card_that_does_not_tell_its_memory_is_left_out():
    silent = msgspec.structs.replace(card(1, 6), memory_free_bytes=None)
    with pytest.raises(Skip, match="several GPUs"):
        await judged(card(0, 0.3, RUNNER), silent)


async def test_one_card_is_skipped():
    with pytest.raises(Skip, match="several GPUs"):
        await judged(card(0, 0.3))
