"""The check ram on given facts."""

import pytest

from doctor.facts import LoadedModel, LoadedModels, Memory, Reach
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://localhost:1", host="localhost", port=1, state="open")
LOADED = LoadedModels(models=(LoadedModel(name="m"),))


def memory(total_gib, available_gib):
    return Memory(total_bytes=int(total_gib * GIB), available_bytes=int(available_gib * GIB))


async def test_almost_no_ram_with_a_model_loaded_is_tight():
    verdict = await run_check("ram", [HERE, memory(32, 1), LOADED])
    assert symptoms(verdict) == ["ram-tight"]
    assert "1.0 GiB of 32.0 GiB" in verdict.findings[0].summary


@pytest.mark.parametrize(
    "facts",
    [
        (memory(32, 8), LOADED),
        (memory(2, 0.25), LOADED),  # a small board with an eighth free
        (memory(32, 1), LoadedModels(models=())),
    ],
)
async def test_room_or_no_model_is_healthy(facts):
    verdict = await run_check("ram", [HERE, *facts])
    assert symptoms(verdict) == []
    assert verdict.evidence
