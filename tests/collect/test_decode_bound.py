"""The speed bound against published measurements (read from the reference folder) and by its own arithmetic."""

import csv
from pathlib import Path

import pytest

from doctor.collect.decode_bound import active_bytes, bound, collect_decode_bound, seconds_a_token
from doctor.errors import Skip
from doctor.facts import (
    Bandwidth,
    Gpu,
    Gpus,
    LoadedModel,
    LoadedModels,
    ModelCard,
    Models,
    Reach,
    ServerProcess,
    System,
)
from doctor.facts.sizing import Footprint
from tests.given import given

GIB = 1 << 30
SAMPLES = Path(__file__).resolve().parents[3] / "shared/reference/speed_samples.csv"
VENDORS = {"cuda": "nvidia", "metal": "apple"}
EXPERTS_USED = {"30B-A3B": 8 / 128, "gpt-oss-20b": 4 / 32, "gpt-oss-120b": 4 / 128}
RTX_3090 = Gpu(
    index=0,
    name="NVIDIA GeForce RTX 3090",
    vendor="nvidia",
    memory_total_bytes=24 * GIB,
    memory_bandwidth_bytes_s=936e9,
)
LLAMA_8B = ModelCard(name="llama3:8b", parameters=8_030_000_000, size_bytes=int(4.62e9), layers=32)


def verdict_on(row):
    """Whether the bound would call this published measurement slow."""
    share = next((used for name, used in EXPERTS_USED.items() if name in row["model"]), 1.0)
    card = ModelCard(
        name=row["model"],
        parameters=int(float(row["model_params_b"]) * 1e9),
        size_bytes=int(float(row["model_file_gib"]) * GIB),
        active_share=share,
    )
    on_cpu = row["backend"] == "cpu"
    gpu = Gpu(
        index=0,
        name=row["hardware"],
        vendor=VENDORS.get(row["backend"], "amd"),
        memory_bandwidth_bytes_s=float(row["peak_gb_s"]) * 1e9,
    )
    placed = 0.0 if on_cpu else 1.0
    found = bound(
        card, active_bytes(card), () if on_cpu else (gpu,), float(row["peak_gb_s"]) * 1e9 * on_cpu, placed, placed
    )
    return float(row["decode_tok_s"]) < found.best_slow_below_tok_s


@pytest.mark.skipif(not SAMPLES.exists(), reason="the reference folder is not here")
def test_no_healthy_measurement_is_called_slow_and_the_sick_ones_are():
    with SAMPLES.open() as file:
        rows = list(csv.DictReader(file))
    called_slow = {row["label"] for row in rows if verdict_on(row)}
    assert called_slow == {"degraded", "partial_offload", "host_limited"}
    assert all(verdict_on(row) for row in rows if row["label"] in ("degraded", "partial_offload"))


def test_a_quarter_on_the_processor_costs_most_of_the_speed():
    """The worked example: 8B Q4_K_M with a quarter on RAM of 60 GB/s (43 measured) gives 27 instead of 140 tok/s."""
    whole = 1 / seconds_a_token(4.6e9, 1.0, (RTX_3090,), 0.0, 32)
    part = 1 / seconds_a_token(4.6e9, 0.75, (RTX_3090,), 43.5e9, 32)
    assert 120 < whole < 160
    assert 20 < part < 30


def test_the_slow_line_falls_with_the_bandwidth():
    fast = bound(LLAMA_8B, 4.62e9, (), 80e9, 0.0, 0.0)
    slow = bound(LLAMA_8B, 4.62e9, (), 20e9, 0.0, 0.0)
    assert fast.best_slow_below_tok_s > slow.best_slow_below_tok_s > 0


@pytest.mark.parametrize(
    ("name", "lenient"),
    [
        ("Tesla P40", True),
        ("NVIDIA GeForce GTX 1080 Ti", True),
        ("NVIDIA GeForce GTX 1660", False),
        ("RTX 4090", False),
    ],
)
def test_old_cards_are_judged_leniently(name, lenient):
    gpu = Gpu(index=0, name=name, vendor="nvidia", memory_bandwidth_bytes_s=300e9)
    found = bound(LLAMA_8B, 4.62e9, (gpu,), 0.0, 1.0, 1.0)
    assert (found.best_slow_below_tok_s / found.best_tok_s < 0.5) == lenient


def machine(*facts, remote=False, host="127.0.0.1"):
    reach = Reach(url="http://x", host=host, port=1, state="open")
    models = Models(names=("m",), chosen="m", remote=remote)
    return given([reach, models, System(os="linux", arch="x86_64"), *facts])


async def test_the_runtimes_share_sets_the_placed_bound():
    loaded = LoadedModels(models=(LoadedModel(name="llama3:8b", size_bytes=100, vram_bytes=50),))
    facts = (LLAMA_8B, loaded, Gpus(devices=(RTX_3090,)), Bandwidth(read_bytes_s=50e9, threads=4, seconds=1))
    found = await collect_decode_bound(machine(*facts))
    assert found.gpu_share == 0.5
    assert found.placed_tok_s < found.best_tok_s
    assert not found.advise_only


async def test_a_machine_without_a_gpu_is_bound_by_its_measured_ram():
    facts = (LLAMA_8B, Gpus(), Bandwidth(read_bytes_s=40e9, threads=4, seconds=1))
    found = await collect_decode_bound(machine(*facts))
    assert 6 < found.best_tok_s < 7.5  # 0.78 of 40 GB/s for 4.62 GB a token
    assert "40 GB/s measured" in found.device


async def test_the_header_says_what_a_token_reads():
    """A file that can be read makes the bound exact, and a mixture of unknown shares possible."""
    mixture = ModelCard(name="mixtral:8x7b", size_bytes=26_000_000_000, architecture="llama", layers=32)
    foot = Footprint(
        path="m.gguf",
        weights_bytes=26_000_000_000,
        kv_bytes=0,
        compute_bytes=0,
        margin_bytes=0,
        bytes_per_token=0,
        context=4096,
        free_bytes=0,
        tokens_that_fit=0,
        where="RAM",
        active_bytes=7_400_000_000,
    )
    facts = (mixture, foot, Gpus(), Bandwidth(read_bytes_s=40e9, threads=4, seconds=1))
    found = await collect_decode_bound(machine(*facts))
    assert found.active_bytes == 7_400_000_000
    assert 3.5 < found.best_tok_s < 5


async def test_two_cards_share_the_layers_and_hand_over():
    one = 1 / seconds_a_token(4.6e9, 1.0, (RTX_3090,), 0.0, 32)
    two = 1 / seconds_a_token(4.6e9, 1.0, (RTX_3090, RTX_3090), 0.0, 32)
    assert 0.93 * one < two < one


async def test_a_small_model_is_only_advised_on_and_nothing_is_measured_for_it():
    card = ModelCard(name="tiny", parameters=260_000, size_bytes=300_000)
    found = await collect_decode_bound(machine(card, Gpus()))
    assert found.advise_only
    assert "260,000 parameters" in found.why_advise_only


@pytest.mark.parametrize(
    ("facts", "options", "reason"),
    [
        ((LLAMA_8B, Gpus()), {"remote": True}, "somebody else's machine"),
        ((LLAMA_8B, Gpus()), {"host": "192.168.1.9"}, "another machine"),
        ((LLAMA_8B, Gpus(), ServerProcess(pid=1, name="ssh", tunnel=True)), {}, "another machine"),
        ((ModelCard(name="m"), Gpus()), {}, "how large"),
        ((ModelCard(name="mixtral:8x7b", size_bytes=1, architecture="llama"), Gpus()), {}, "mixture"),
        ((LLAMA_8B, Gpus(devices=(Gpu(index=0, name="RX 580", vendor="amd"),))), {}, "bandwidth of RX 580"),
        ((LLAMA_8B, Gpus()), {}, "bandwidth"),
    ],
)
async def test_what_is_not_known_is_skipped_with_the_reason(facts, options, reason):
    with pytest.raises(Skip, match=reason):
        await collect_decode_bound(machine(*facts, **options))


async def test_a_mixture_reads_its_share_and_what_is_always_active():
    card = ModelCard(name="moe", size_bytes=1000, active_share=0.1)
    assert active_bytes(card) == pytest.approx(1000 * (0.1 + 0.12 * 0.9))
