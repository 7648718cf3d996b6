"""The memory model by its own rules: what must grow, what must shrink, what must add up."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from doctor.sizing.fit import Room, largest_context, most_layers, risk, verdict
from doctor.sizing.levers import levers
from doctor.sizing.memory import MIB, need
from doctor.sizing.settings import Settings
from tests.sizing.models import model

DENSE = model("llama-3.1-8b")  # 32 blocks, 1024 elements of K and of V each
MIXTURE = model("gpt-oss-20b")  # 24 blocks with 32 experts, 4 of them used, every other with a window of 128
RECURRENT = model("mamba-2.8b")
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


@examples(max_examples=20)
@given(SHAPES, SETTINGS)
def test_more_context_slots_or_batch_never_takes_less(shape, settings):
    now = total(shape, settings)
    assert total(shape, settings, context=settings.context * 2) >= now
    assert total(shape, settings, ubatch=settings.ubatch * 2) >= now
    assert total(shape, settings, slots=settings.slots * 2, context=settings.context * 2) >= now


@examples(max_examples=20)
@given(SHAPES, SETTINGS)
def test_flash_attention_and_a_quantised_cache_save(shape, settings):
    without = msgspec.structs.replace(settings, backend="", flash_attention=False)
    # Where caches are short, scores cost so little that flash attention may take a trifle more.
    assert total(shape, without, flash_attention=True) <= 1.01 * total(shape, without)
    flash = msgspec.structs.replace(settings, backend="", flash_attention=True)
    smaller = need(shape, msgspec.structs.replace(flash, kv_type_k="q8_0", kv_type_v="q8_0"))
    before = need(shape, flash)
    assert smaller.kv.device + smaller.kv.host <= before.kv.device + before.kv.host


@examples(max_examples=20)
@given(SHAPES, SETTINGS)
def test_layers_move_between_the_sides_and_nothing_is_lost(shape, settings):
    plain = msgspec.structs.replace(settings, experts_on_cpu=False)
    one, other = need(shape, plain), need(shape, msgspec.structs.replace(plain, gpu_layers=-1, backend=""))
    assert one.kv.device + one.kv.host == pytest.approx(other.kv.device + other.kv.host)
    assert one.state.device + one.state.host == pytest.approx(other.state.device + other.state.host)
    twice = shape.shared_bytes if one.weights.host > other.weights.host else 0  # an embedding that is the head as well
    once = one.weights.device + one.weights.host
    assert other.weights.device + other.weights.host - once in (0, pytest.approx(twice))


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
    """The matrices of a block on the processor are brought over, the largest 46 MiB of Q6_K, when little else lives."""
    plain = Settings(context=8192, gpu_layers=20, outputs=1)
    staged = msgspec.structs.replace(plain, backend="cuda")
    more = need(DENSE, staged).compute.device - need(DENSE, plain).compute.device
    assert 20 * MIB < more < 46 * MIB


def test_on_cuda_a_quantised_cache_is_made_readable_one_layer_at_a_time():
    """K and V of one block as half floats, beside the attention that reads them: little else lives then."""
    plain = Settings(context=65536, kv_type_k="q8_0", kv_type_v="q8_0", outputs=1)
    on_cuda = msgspec.structs.replace(plain, backend="cuda")
    readable = 65536 * 2 * 1024 * 2
    assert need(DENSE, on_cuda).compute.device > readable > need(DENSE, plain).compute.device


def test_a_known_family_has_a_narrow_margin_and_an_unknown_one_a_wide_one():
    known = need(DENSE, Settings())
    unknown = need(msgspec.structs.replace(DENSE, architecture="nobody-knows"), Settings())
    assert (known.estimated, unknown.estimated) == (False, True)
    assert unknown.margin_bytes - known.margin_bytes > 0.4 * unknown.compute.device
    assert unknown.compute.device == known.compute.device


def test_each_line_of_context_costs_its_cells_and_no_more():
    """Where one row of logits is wanted, the mask alone grows with the context: half floats for each of 512 tokens."""
    sizes = [need(DENSE, Settings(context=context, outputs=1)).compute.device for context in (65536, 98304, 131072)]
    assert sizes[2] - sizes[1] == sizes[1] - sizes[0] == 32768 * 512 * 2
