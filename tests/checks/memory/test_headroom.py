"""The check headroom on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, Identity, Reach, ServerProcess, Tenant
from doctor.model import Severity
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
RUNNER = Tenant(pid=101, name="llama-server", memory_bytes=8 * GIB)
GAME = Tenant(pid=7, name="game", memory_bytes=3 * GIB)


async def judged(free_gib, *tenants, runtime="ollama", reach=HERE):
    card = Gpu(
        index=0,
        name="RTX 3060",
        vendor="nvidia",
        memory_total_bytes=12 * GIB,
        memory_free_bytes=int(free_gib * GIB),
        tenants=tenants,
        source="NVML",
    )
    server = ServerProcess(pid=100, name="ollama", child_pids=(101,))
    return await run_check("headroom", [Identity(runtime=runtime, state="ready"), reach, Gpus(devices=(card,)), server])


async def test_little_room_beside_another_program_is_a_note_with_its_name_and_size():
    found = await judged(0.4, RUNNER, GAME)
    assert symptoms(found) == ["gpu-headroom-shared"]
    assert found.findings[0].severity is Severity.NOTE
    assert "Others hold: game 3.0 GiB" in found.findings[0].summary


@pytest.mark.parametrize(
    ("free_gib", "tenants"),
    [
        (0.6, (RUNNER, GAME)),
        (0.1, (RUNNER,)),  # the server alone fills the card: the runtime has decided what fits
        (0.1, (RUNNER, Tenant(pid=8, name="Xorg", memory_bytes=GIB // 2))),
    ],
)
async def test_room_or_a_card_of_ones_own_is_healthy(free_gib, tenants):
    assert symptoms(await judged(free_gib, *tenants)) == []


async def test_the_other_programs_are_measured_also_where_there_is_room():
    found = await judged(1, RUNNER, GAME)
    assert [e.label for e in found.evidence] == ["RTX 3060: free", "held by game (process 7)"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"runtime": "vllm"}, "another way"),
        ({"reach": Reach(url="http://10.0.0.5", host="10.0.0.5", port=1, state="open")}, "another machine"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(changes, reason):
    with pytest.raises(Skip, match=reason):
        await judged(0.1, RUNNER, GAME, **changes)
    with pytest.raises(Skip, match="no driver here"):
        await judged(0.1, GAME)
