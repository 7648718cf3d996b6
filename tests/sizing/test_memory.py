"""The memory model by its own rules: what must grow, what must shrink, what must add up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.sizing.fit import Room, largest_context, most_layers, risk, verdict
from doctor.sizing.levers import levers
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import Settings
from doctor.sizing.shape import Layer, Shape

DENSE = Shape(
    architecture="llama",
    layers=(Layer(attention="full", k_width=1024, v_width=1024, weight_bytes=130 * MIB, largest_bytes=46 * MIB),) * 32,
    embedding_length=4096,
    vocabulary=128256,
    heads=32,
    head_length=128,
    feed_forward=14336,
    trained_context=131072,
    embedding_bytes=280 * MIB,
    output_bytes=410 * MIB,
)
MIXTURE = msgspec.structs.replace(
    DENSE,
    layers=(
        Layer(
            attention="full",
            k_width=512,
            v_width=512,
            weight_bytes=400 * MIB,
            expert_bytes=380 * MIB,
            largest_expert_bytes=150 * MIB,
        ),
        Layer(
            attention="window",
            k_width=512,
            v_width=512,
            weight_bytes=400 * MIB,
            expert_bytes=380 * MIB,
            largest_expert_bytes=150 * MIB,
        ),
    )
    * 12,
    experts=128,
    experts_used=8,
    expert_feed_forward=768,
    window=1024,
)
RECURRENT = msgspec.structs.replace(DENSE, layers=(Layer(attention="none", state_bytes=2 * MIB, weight_bytes=MIB),) * 8)
SHAPES = st.sampled_from([DENSE, MIXTURE, RECURRENT])
SETTINGS = st.builds(
    Settings,
    context=st.integers(256, 1 << 18),
    slots=st.integers(1, 16),
    kv_unified=st.booleans(),
    ubatch=st.integers(1, 4096),
    flash_attention=st.booleans(),
    swa_full=st.booleans(),
    gpu_layers=st.integers(-1, 40),
    outputs=st.none() | st.integers(1, 512),
    experts_on_cpu=st.booleans(),
    backend=st.sampled_from(["", "cuda", "metal", "rocm", "vulkan", "cpu"]),
)


def total(shape, settings, **changes):
    found = need(shape, msgspec.structs.replace(settings, **changes))
    return found.device + found.host


@given(SHAPES, SETTINGS)
def test_more_context_slots_or_batch_never_takes_less(shape, settings):
    now = total(shape, settings)
    assert total(shape, settings, context=settings.context * 2) >= now
    assert total(shape, settings, ubatch=settings.ubatch * 2) >= now
    assert total(shape, settings, slots=settings.slots * 2, context=settings.context * 2) >= now


@given(SHAPES, SETTINGS)
def test_flash_attention_and_a_quantised_cache_save(shape, settings):
    without = msgspec.structs.replace(settings, backend="", flash_attention=False)
    assert total(shape, without, flash_attention=True) <= total(shape, without)
    flash = msgspec.structs.replace(settings, backend="", flash_attention=True)
    smaller = need(shape, msgspec.structs.replace(flash, kv_type_k="q8_0", kv_type_v="q8_0"))
    before = need(shape, flash)
    assert smaller.kv.device + smaller.kv.host <= before.kv.device + before.kv.host


@given(SHAPES, SETTINGS)
def test_layers_move_between_the_sides_and_nothing_is_lost(shape, settings):
    plain = msgspec.structs.replace(settings, experts_on_cpu=False)
    one, other = need(shape, plain), need(shape, msgspec.structs.replace(plain, gpu_layers=-1, backend=""))
    assert one.kv.device + one.kv.host == pytest.approx(other.kv.device + other.kv.host)
    assert one.state.device + one.state.host == pytest.approx(other.state.device + other.state.host)
    assert one.weights.device + one.weights.host == pytest.approx(other.weights.device + other.weights.host)


@given(SHAPES, SETTINGS, st.integers(0, 200_000))
def test_the_risk_is_a_chance_and_falls_with_room(shape, settings, room_mib):
    needed = need(shape, settings)
    small, large = (Room(device_bytes=m * MIB, host_bytes=m * MIB) for m in (room_mib, room_mib + 4096))
    risks = risk(needed, settings, small), risk(needed, settings, large)
    assert 0 <= risks[1] <= risks[0] <= 1


def test_without_a_room_nothing_is_judged():
    assert verdict(need(DENSE, Settings()), Settings(), Room()) == "unknown"
    assert largest_context(DENSE, Settings(), Room()) is None
    assert most_layers(DENSE, Settings(), Room()) is None


def test_the_verdicts_follow_the_room():
    needed = need(DENSE, Settings())
    said = [verdict(needed, Settings(), Room(device_bytes=gib << 30)) for gib in (4, 6, 24)]
    assert said[0] == "does-not-fit"
    assert said[2] == "fits"


def test_the_largest_context_fits_and_the_next_step_does_not():
    room = Room(device_bytes=8 << 30)
    largest = largest_context(DENSE, Settings(), room)
    at, above = Settings(context=largest), Settings(context=largest + 256)
    assert verdict(need(DENSE, at), at, room) == "fits"
    assert verdict(need(DENSE, above), above, room) != "fits"


def test_half_of_the_layers_fit_where_all_do_not():
    layers = most_layers(DENSE, Settings(), Room(device_bytes=4 << 30))
    assert 5 < layers < 32


def test_every_lever_saves_what_it_says():
    settings = Settings(context=32768, slots=4, flash_attention=False)
    found = levers(DENSE, settings, Room(device_bytes=8 << 30))
    assert {word for lever in found for word in ("flash", "q8_0", "slot", "half") if word in lever.say} == {
        "flash",
        "q8_0",
        "slot",
        "half",
    }
    assert all(lever.saves_bytes >= MIB for lever in found)


def test_a_weight_left_on_the_processor_is_staged_on_the_gpu():
    """Seen in a log: 304.0 MiB of buffers and 426.4 MiB of staged output head; here a block's largest matrix."""
    plain = Settings(context=8192, gpu_layers=20)
    staged = msgspec.structs.replace(plain, backend="cuda")
    assert need(DENSE, staged).compute.device - need(DENSE, plain).compute.device == 46 * MIB


def test_on_cuda_a_quantised_cache_is_made_readable_one_layer_at_a_time():
    plain = Settings(context=8192, kv_type_k="q8_0", kv_type_v="q8_0")
    on_cuda = msgspec.structs.replace(plain, backend="cuda")
    assert need(DENSE, on_cuda).compute.device - need(DENSE, plain).compute.device == 2 * 8192 * 2048
