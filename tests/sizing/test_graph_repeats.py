"""Blocks that stand for others, and one graph for all contexts: both must change nothing."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from doctor.sizing import compute
from doctor.sizing.graph.repeats import AFTER, BEFORE, stand_ins
from doctor.sizing.graph.reserve import buffers, trace
from doctor.sizing.settings import Settings, cells_and_streams
from tests.sizing.models import model

MODELS = ("llama-3.3-70b", "gpt-oss-120b", "gemma-3-4b", "gemma-3n-e4b", "qwen3-next-80b", "deepseek-v3", "jamba-mini")
SETTINGS = st.builds(
    Settings,
    context=st.sampled_from([256, 1024, 5000, 40000]),
    slots=st.integers(1, 5),
    kv_unified=st.booleans(),
    ubatch=st.sampled_from([16, 512]),
    flash_attention=st.booleans(),
    swa_full=st.booleans(),
    gpu_layers=st.sampled_from([-1, 0, 1, 13, 30]),
    outputs=st.sampled_from([None, 4]),
    cpu_moe_layers=st.sampled_from([0, 7]),
    backend=st.sampled_from(["", "cuda", "vulkan", "cpu"]),
    devices=st.integers(1, 3),
    amx=st.booleans(),
)


def plan_for(shape, wanted):
    """A plan, and the cells that it is for."""
    cells, _ = cells_and_streams(wanted, shape.trained_context)
    tokens = min(cells * (1 if wanted.kv_unified else wanted.slots), wanted.ubatch)
    window = compute.window_cells(shape, cells, wanted)
    outputs = tokens if wanted.outputs is None else min(tokens, wanted.outputs)
    batch = compute.Batch(tokens, outputs, window if window < cells else 0)
    return compute._plan(shape, wanted, batch), cells, window


@examples(max_examples=25)
@given(st.sampled_from(MODELS), SETTINGS)
def test_stand_ins_take_what_the_blocks_themselves_take(name, wanted):
    shape = model(name)
    plan, cells, _ = plan_for(shape, wanted)
    every, _, _ = plan_for(shape, wanted)
    some = buffers(trace(plan), cells)
    assert some is None or some == buffers(trace(every, every=True), cells)


@examples(max_examples=20)
@given(st.sampled_from(MODELS), SETTINGS)
def test_a_graph_for_any_context_is_that_for_each(name, wanted):
    shape = model(name)
    plan, cells, window = plan_for(shape, wanted)
    own, _, _ = plan_for(shape, wanted)
    own.cells = {"full": cells, "window": window}
    assert buffers(trace(plan), cells) == buffers(trace(own), cells)


@pytest.mark.parametrize("name", MODELS)
def test_of_many_alike_few_are_built(name):
    shape = model(name)
    plan, _, _ = plan_for(shape, Settings())
    built, _ = stand_ins([plan.key(number) for number in range(len(shape.layers))])
    assert len(built) <= 3 * (BEFORE + AFTER + 6)


def test_stand_ins_have_the_kind_and_the_neighbours_of_those_they_stand_for():
    keys = [*"aab", *("b" * 40), *"cccaaa"]
    built, played = stand_ins(keys)
    assert len(built) < len(keys)
    assert [keys[built[place]] for place in played] == keys


@pytest.mark.parametrize("order", ["sorted", "reversed"])
def test_the_order_of_tensors_in_a_file_is_no_difference(order):
    shape = model("llama-3.1-8b")
    layer = shape.layers[3]
    turned = dict(sorted(layer.tensors.items(), reverse=order == "reversed"))
    assert msgspec.structs.replace(layer, tensors=turned).kind == layer.kind
