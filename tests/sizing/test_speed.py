"""The speed model by its own arithmetic."""

import msgspec
import pytest

from doctor.sizing.hardware import find
from doctor.sizing.settings import Settings
from doctor.sizing.speed import active, speed
from tests.sizing.test_memory import DENSE, MIXTURE

CARD, RAM = find("RTX 3090"), find("DDR5-6000 x2")


def rate(shape=DENSE, filled=0, **settings):
    return speed(shape, Settings(**settings), CARD, RAM, filled)


def test_half_of_the_layers_in_ram_cost_most_of_the_speed():
    assert rate(gpu_layers=17).decode_tok_s < 0.35 * rate().decode_tok_s


def test_a_filled_cache_is_read_for_every_token():
    read = active(DENSE, Settings(), 8192).device_bytes - active(DENSE, Settings()).device_bytes
    assert read == 8192 * 32 * 2048 * 2
    assert rate(filled=8192).decode_tok_s < rate().decode_tok_s


def test_a_window_bounds_what_is_read():
    at_window, deep = (active(MIXTURE, Settings(), n).device_bytes for n in (1024, 32768))
    assert deep - at_window == 12 * (32768 - 1024) * 1024 * 2


def test_a_mixture_reads_only_its_active_experts():
    read = active(MIXTURE, Settings()).device_bytes
    experts = 3 * 2880 * 2880 * 17 // 32 + 3 * 2880 * 4  # of MXFP4, with biases
    dense = sum(layer.weight_bytes for layer in MIXTURE.layers) - 24 * 32 * experts
    assert read == pytest.approx(MIXTURE.output_bytes + dense + 24 * 4 * experts)
    assert dense < 24 * 4 * experts


def test_leading_layers_with_experts_on_the_processor_are_read_there():
    read = active(MIXTURE, Settings(cpu_moe_layers=6))
    assert read.host_bytes == pytest.approx(active(MIXTURE, Settings(experts_on_cpu=True)).host_bytes / 4)


def test_deep_in_a_context_the_slow_line_is_more_lenient():
    shallow, deep = rate(filled=1024), rate(filled=32768)
    assert deep.slow_below_tok_s / deep.decode_tok_s < shallow.slow_below_tok_s / shallow.decode_tok_s


def test_work_on_an_unknown_device_has_no_speed():
    assert speed(DENSE, Settings(), None, RAM) is None
    assert speed(DENSE, Settings(gpu_layers=5), CARD, None) is None
    assert speed(DENSE, Settings(backend="cpu"), None, RAM) is not None


def test_prefill_is_only_given_where_the_throughput_is_listed():
    shape = msgspec.structs.replace(DENSE, elements=8_000_000_000)
    assert 1000 < speed(shape, Settings(), CARD, None).prefill_tok_s < 6000
    assert speed(shape, Settings(), find("RX 580"), None).prefill_tok_s == 0
