"""The check wsl-memory on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Memory, ModelCard, Reach, System
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
WSL = System(os="linux", wsl=True)


def memory(total_gib, available_gib, outside_gib):
    outside = None if outside_gib is None else outside_gib * GIB
    return Memory(total_bytes=total_gib * GIB, available_bytes=int(available_gib * GIB), wsl_host_total_bytes=outside)


@pytest.mark.parametrize(
    "facts", [(memory(16, 1, 32),), (memory(16, 10, 32), ModelCard(name="m", size_bytes=15 * GIB))]
)
async def test_half_of_the_ram_counts_where_the_model_needs_more(facts):
    assert symptoms(await run_check("wsl-memory", [WSL, HERE, *facts])) == ["wsl-memory-halved"]


@pytest.mark.parametrize(
    "facts",
    [
        (memory(16, 10, 32), ModelCard(name="m", size_bytes=4 * GIB)),  # half, and plenty
        (memory(28, 1, 32),),  # raised on purpose
    ],
)
async def test_half_of_the_ram_alone_is_the_normal_setting(facts):
    assert symptoms(await run_check("wsl-memory", [WSL, HERE, *facts])) == []


@pytest.mark.parametrize(
    ("system", "outside", "reason"),
    [(System(os="linux"), 32, "not Linux inside Windows"), (WSL, None, "could not be asked")],
)
async def test_what_cannot_be_known_is_skipped(system, outside, reason):
    with pytest.raises(Skip, match=reason):
        await run_check("wsl-memory", [system, HERE, memory(16, 1, outside)])
