"""The checks offload and gpu-use on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, LoadedModel, LoadedModels, ModelCard, Models, Reach, ServerProcess
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Models(names=("m",), chosen="m")
LOCAL = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
FAR = Reach(url="http://10.0.0.9:1", host="10.0.0.9", port=1, state="open")


def loaded(size=10 * GIB, vram=10 * GIB, **more):
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=size, vram_bytes=vram),), **more)


def card(used=11 * GIB, total=24 * GIB, vendor="nvidia", **more):
    return Gpus(
        devices=(Gpu(index=0, name="RTX", vendor=vendor, memory_total_bytes=total, memory_used_bytes=used, **more),)
    )


@pytest.mark.parametrize(
    ("vram", "expected"),
    [(10 * GIB, []), (int(9.95 * GIB), []), (6 * GIB, ["gpu-partial-offload"]), (1, ["gpu-partial-offload"]), (0, [])],
)
async def test_a_part_in_ram_is_seen(vram, expected):
    assert symptoms(await run_check("offload", [HERE, loaded(vram=vram)])) == expected


async def test_the_finding_has_the_share_and_both_sizes():
    verdict = await run_check("offload", [HERE, loaded(vram=3 * GIB)])

    assert "30 % of the model, 3.0 GiB of 10.0 GiB" in verdict.findings[0].summary
    assert [evidence.value for evidence in verdict.findings[0].evidence] == [0.3, 3 * GIB, 7 * GIB]


async def test_a_file_s_size_in_place_of_a_split_is_no_split():
    with pytest.raises(Skip, match="file's size"):
        await run_check("offload", [HERE, loaded(), ModelCard(name="m", size_bytes=10 * GIB)])


@pytest.mark.parametrize(
    ("facts", "why"),
    [
        ([HERE, LoadedModels(models=())], "not loaded"),
        ([HERE, loaded(vram=None)], "does not say"),
        ([Models(names=("m",), chosen="m", remote=True), loaded()], "another machine"),
    ],
)
async def test_what_cannot_be_known_is_not_judged(facts, why):
    with pytest.raises(Skip, match=why):
        await run_check("offload", facts)


@pytest.mark.parametrize(
    ("gpus", "vram", "expected"),
    [
        (card(), 10 * GIB, []),
        (card(used=0), 0, ["gpu-unused"]),
        (card(used=0, vendor="amd"), 0, ["amd-gpu-unused"]),
        (Gpus(), 0, []),
        (card(integrated=True), 0, []),
        (card(total=2 * GIB), 0, []),
        (card(used=GIB // 2), 10 * GIB, ["other-gpu-used"]),
        (card(used=None), 10 * GIB, []),
        (card(used=0, unified=True, vendor="apple"), 10 * GIB, []),
        (card(used=GIB // 2), None, ["gpu-unused"]),
        (card(used=3 * GIB), None, []),
    ],
)
async def test_the_card_is_looked_at(gpus, vram, expected):
    assert symptoms(await run_check("gpu-use", [HERE, LOCAL, loaded(vram=vram), gpus])) == expected


async def test_memory_looked_at_before_the_model_was_loaded_proves_nothing():
    assert symptoms(await run_check("gpu-use", [HERE, LOCAL, loaded(by_us=True), card(used=0)])) == []


async def test_a_small_model_proves_nothing_about_the_card():
    facts = [HERE, LOCAL, loaded(size=GIB // 2, vram=None), card(used=1 << 20)]

    assert symptoms(await run_check("gpu-use", facts)) == []


async def test_cards_of_this_machine_say_nothing_about_another_one():
    with pytest.raises(Skip, match="another machine"):
        await run_check("gpu-use", [HERE, FAR, loaded(vram=0), card()])
    tunnel = ServerProcess(pid=1, name="ssh", command=("ssh", "-L", "1:x:1"), tunnel=True)
    assert symptoms(await run_check("gpu-use", [HERE, LOCAL, tunnel, loaded(vram=0), card()])) == []
