"""Compute buffers: activations, logits, masks and inputs that the engine reserves before the first token.

They come from llama.cpp's own graphs and allocator, followed step by step in `doctor/sizing/graph`. A graph is followed
once for all lengths of context.
"""

from functools import lru_cache
from typing import NamedTuple

import msgspec

from doctor.sizing.graph.allocator import ANY_CELLS
from doctor.sizing.graph.backends import BACKENDS
from doctor.sizing.graph.families import FAMILIES
from doctor.sizing.graph.plan import SMALL_BATCH, Plan
from doctor.sizing.graph.reserve import Trace, buffers, trace
from doctor.sizing.graph.sound import NoGraph
from doctor.sizing.rough import rough_compute
from doctor.sizing.settings import Settings, layers_on_device
from doctor.sizing.shape import Layer, Shape
from doctor.sizing.split import Split

# What building a graph ends in when a file's numbers and tensors do not go together.
BROKEN = (NoGraph, ArithmeticError, LookupError, ValueError)


class Batch(NamedTuple):
    """What of the context decides how a graph looks: tokens worked on at once, and how many of them have logits.

    `window_cells`: cells of a windowed cache, 0 where it is as long as any.
    """

    tokens: int
    outputs: int
    window_cells: int


def compute_bytes(shape: Shape, settings: Settings, cells: int) -> Split:
    """Compute buffers of the device, or of all devices, and of the host."""
    return _followed(shape, settings, cells) or _estimated(shape, settings, cells)


def is_known(shape: Shape, settings: Settings, cells: int) -> bool:
    """Whether llama.cpp's graph of the model is known, so that its compute buffers are no rough estimate."""
    return shape.architecture in FAMILIES and _followed(shape, settings, cells) is not None


@lru_cache(maxsize=256)
def _followed(shape: Shape, settings: Settings, cells: int) -> Split | None:
    """What the model's graph takes; None when it makes none."""
    tokens = min(cells * (1 if settings.kv_unified else settings.slots), settings.ubatch)
    outputs = tokens if settings.outputs is None else min(tokens, settings.outputs)
    window = window_cells(shape, cells, settings)
    batch = Batch(tokens, outputs, window if window < cells else 0)
    any_context = msgspec.structs.replace(settings, context=0)
    for every in (False, True):
        followed = _trace(shape, any_context, batch, every)
        if followed is None:
            return None
        if sizes := buffers(followed, cells):
            return Split(device=sum(sizes[:-1]), host=sizes[-1])
    return None


@lru_cache(maxsize=32)
def _trace(shape: Shape, settings: Settings, batch: Batch, every: bool) -> Trace | None:
    """The graph followed for any context; `every`: without stand-ins for blocks that are alike."""
    try:
        return trace(_plan(shape, settings, batch), every=every)
    except BROKEN:
        return None


def _estimated(shape: Shape, settings: Settings, cells: int) -> Split:
    layers, head = layers_on_device(settings, len(shape.layers))
    by_kind = {"full": cells, "window": window_cells(shape, cells, settings)}
    return rough_compute(shape, settings, by_kind, layers=layers, head=head)


def _plan(shape: Shape, settings: Settings, batch: Batch) -> Plan:
    """What is computed, and where; the processor is the last backend."""
    plan = Plan(
        shape,
        settings,
        FAMILIES.get(shape.architecture, FAMILIES["llama"]),
        cells={"full": ANY_CELLS, "window": batch.window_cells or ANY_CELLS},
        tokens=batch.tokens,
        outputs=batch.outputs,
    )
    blocks = len(shape.layers) + len(shape.drafting)
    layers, head = layers_on_device(settings, blocks)
    plan.cpu = devices = 0 if settings.backend == "cpu" else settings.devices
    homes = [devices] * (blocks - layers) + spread(layers + head, devices)
    plan.placement = homes[: len(shape.layers)]
    plan.head_home = homes[-1] if head else devices
    plan.pin_norms = layers == blocks or batch.tokens < SMALL_BATCH
    overlaps = BACKENDS[settings.backend].overlaps and not settings.experts_on_host(0)
    plan.overlaps = overlaps and devices > 1 and head and layers == blocks
    return plan


def spread(layers: int, devices: int) -> list[int]:
    """The device of each layer where all have the same room: `get_layer_buft_list` in `src/llama-model.cpp`."""
    return [index * devices // layers for index in range(layers)]


def cache_cells(shape: Shape, layer: Layer, cells: int, settings: Settings) -> int:
    """Cells of a layer's cache in one stream: all, or the window with room for one batch."""
    return window_cells(shape, cells, settings) if layer.attention == "window" else cells


def window_cells(shape: Shape, cells: int, settings: Settings) -> int:
    """Cells of a windowed layer's cache in one stream."""
    if settings.swa_full or not shape.window:
        return cells
    slots = settings.slots if settings.kv_unified else 1
    context = cells * (1 if settings.kv_unified else settings.slots)
    return -(-min(cells, shape.window * slots + min(settings.ubatch, context)) // 256) * 256
