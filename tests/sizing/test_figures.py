"""The models of memory and speed against allocations that llama.cpp printed, public logs and published measurements."""

import statistics

import pytest

from tests.sizing import figures, reference

pytestmark = reference.needed


def test_weights_and_cache_are_exact_on_every_allocation():
    errors = figures.grid_errors()
    assert len(errors["compute"]) == 511
    assert max(errors["weights"]) < 0.1
    assert max(errors["kv"]) < 0.1


@pytest.mark.parametrize("name", ["compute", "compute_host"])
def test_compute_buffers_are_close(name):
    errors = figures.grid_errors()[name]
    assert statistics.median(errors) <= 0.005
    assert figures.percentile(errors, 0.95) <= 0.06


def test_public_logs_agree():
    kv, total = figures.sample_errors()
    assert len(kv) == 18
    assert statistics.median(kv) < 0.0005
    assert max(kv) < 0.02
    assert statistics.median(total) <= 0.03


def test_decoding_rates_agree_and_only_the_sick_are_slow():
    found = list(figures.speeds())
    healthy = [row for row in found if row[0] == "healthy"]
    errors = [abs(predicted / measured - 1) for _, measured, predicted, _ in healthy]
    assert statistics.median(errors) <= 0.10
    assert sum(measured < slow for _, measured, _, slow in healthy) <= 0.05 * len(healthy)
    assert all(measured < slow for label, measured, _, slow in found if label != "healthy")


# Table 3.8 of the reference: MiB of KV f16 at 8k and 32k, KV q8_0 at 32k.
TABLE = {
    "llama32-3b": (896, 3584, 1904),
    "llama31-8b": (1024, 4096, 2176),
    "phi3-mini": (3072, 12288, 6528),
    "qwen25-7b": (448, 1792, 952),
    "qwen3-30b-a3b": (768, 3072, 1632),
    "gemma3-12b": (992, 2528, 1343),
    "gpt-oss-20b": (210, 786, 417.6),
}


@pytest.mark.parametrize("model", TABLE)
def test_the_worked_examples(model):
    shape = reference.shapes()[model]
    kv = [
        figures.need(shape, figures.Settings(context=context, kv_type_k=kind, kv_type_v=kind)).kv.device / figures.MIB
        for context, kind in ((8192, "f16"), (32768, "f16"), (32768, "q8_0"))
    ]
    assert kv == pytest.approx(TABLE[model], abs=0.5)
