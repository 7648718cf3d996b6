"""What each change gains, and the smaller quantisations that are offered."""

import msgspec
import pytest

from doctor.sizing.fit import Room
from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.hardware import find
from doctor.sizing.levers import levers
from doctor.sizing.memory import MIB
from doctor.sizing.mixes import in_mix
from doctor.sizing.settings import Settings
from doctor.sizing.variants import smaller
from tests.sizing.test_memory import DENSE, MIXTURE
from tests.sizing.test_mixes import llama

CARD = find("RTX 3090")
RAM = find("DDR5-6000 x2")
GIB = 1 << 30


def found(gib=8.0, shape=DENSE, variants=(), **settings):
    room = Room(device_bytes=gib * GIB if gib else None)
    return {lever.say: lever for lever in levers(shape, Settings(**settings), room, (CARD, RAM), variants)}


def said(levers_found, word):
    return next((lever for say, lever in levers_found.items() if word in say), None)


def test_each_lever_says_the_context_and_the_speed_with_it():
    all_of_them = found(8, context=32768)
    quantised = said(all_of_them, "q8_0")
    assert quantised.largest_context > said(all_of_them, "ubatch").largest_context
    assert quantised.decode_tok_s > 100


def test_fewer_layers_on_the_gpu_make_it_fit_and_slow():
    fewer = said(found(4), "layers on the GPU")
    assert fewer.verdict == "fits"
    assert fewer.decode_tok_s < 0.5 * said(found(24, context=8192), "q8_0").decode_tok_s


def test_more_layers_are_offered_where_room_is_left():
    """A layer count that somebody set too low costs speed: nothing is saved, but it is faster."""
    shape = shape_of(in_mix(llama(), "Q4_K_M"))
    more = said(found(24, shape, gpu_layers=20), "all 33 layers on the GPU (-ngl 33)")
    assert more.saves_bytes < 0
    assert more.verdict == "fits"
    assert said(found(5, shape, gpu_layers=20), "layers on the GPU").say != more.say


def test_no_layers_lever_where_all_fit_and_all_are_there():
    assert said(found(24), "layers on the GPU") is None
    assert said(found(None), "layers on the GPU") is None


def test_experts_on_the_processor_are_a_lever_of_mixtures_only():
    assert said(found(8, MIXTURE), "--cpu-moe")
    assert said(found(8), "--cpu-moe") is None


def shape_in(mix):
    header = in_mix(llama(), mix)
    return shape_of(header), header


def test_the_next_smaller_quantisation_is_offered_as_an_estimate():
    shape, header = shape_in("Q4_K_M")
    lever = said(found(24, shape, smaller(header)), "Q3_K_M")
    assert lever.estimate
    assert "(estimate)" in lever.say
    assert lever.saves_bytes / MIB == pytest.approx(820, abs=60)


@pytest.mark.parametrize(("gib", "name"), [(12.0, "Q8_0"), (5.7, "Q4_K_M"), (4.9, "Q3_K_M"), (1.0, "Q2_K")])
def test_the_largest_quantisation_that_fits_is_offered_or_else_the_smallest(gib, name):
    shape = shape_of(llama())
    offered = [say for say in found(gib, shape, smaller(llama()), context=4096) if "the model as" in say]
    assert offered == [f"the model as {name} (estimate)"]


def test_a_header_with_an_unknown_type_offers_no_estimate():
    header = llama()
    unknown = msgspec.structs.replace(header.tensors[5], type_id=99)
    assert list(smaller(msgspec.structs.replace(header, tensors=(unknown, *header.tensors)))) == []


def test_a_file_that_is_small_already_offers_nothing_larger():
    names = [variant.name for variant in smaller(in_mix(llama(), "Q3_K_M"))]
    assert names == ["Q2_K"]
