"""How much memory a model takes on each device: weights, KV cache, recurrent state, compute buffers.

Rules: llama.cpp b10566, checked against sizes that it printed itself. In bytes.
"""

import math

import msgspec

from doctor.sizing.compute import cache_cells, compute_bytes, is_known
from doctor.sizing.graph.backends import packs
from doctor.sizing.settings import KV_TYPES, NEWER_BUILD, Settings, cells_and_streams, layers_on_device
from doctor.sizing.shape import Layer, Shape
from doctor.sizing.split import Split

MIB = 1 << 20
# One standard deviation of each term, as a share of it. Weights, caches and the compute buffers of known graphs are
# exact for the build that was read, in 9000 allocations of 150 models. What is left is what other builds do differently
# (one two months newer: nothing in half of 930 allocations, up to a fifth in others), and layers that devices with
# unequal room share unevenly.
SIGMA_WEIGHTS = 0.002
SIGMA_KV = 0.003
SIGMA_COMPUTE = 0.05
SIGMA_COMPUTE_PIPELINE = 0.15
# Of a family whose graph is not known: within this share in 9 of 10 allocations of 9 families.
SIGMA_COMPUTE_UNKNOWN = 0.5
# A tensor of an unknown block type is counted with nothing: the file's size is the better guess, within this share.
SIGMA_UNKNOWN_TYPE = 0.1
# Families whose blocks for drafting get no cache unless drafting is on: filters in `create_memory` of llama.cpp
# `src/llama-model.cpp` (b10566). The others' blocks have one although nothing uses it.
CACHELESS_DRAFTING = frozenset(
    {
        *("deepseek32", "deepseek4", "glm-dsa", "hy_v3", "mimo2", "minimax-01", "nemotron_h", "nemotron_h_moe"),
        *("qwen3next", "qwen35", "qwen35moe", "step35"),
    }
)
# Families that load the output head before the token embedding, and so a tied one twice: `load_tensors` in llama.cpp
# `src/models/gemma3n.cpp` and `gemma4.cpp` (b10566).
HEAD_FIRST = frozenset({"gemma3n", "gemma4"})


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes under some settings, in bytes."""

    weights: Split
    kv: Split
    state: Split
    compute: Split
    cells: int  # context cells per stream
    streams: int
    margin_bytes: float  # of the total on the device, or on the host without one: one standard deviation
    estimated: bool = False  # the model's graph is not known: its compute buffers are a rough estimate

    @property
    def device(self) -> float:
        """Total on the device."""
        return self.weights.device + self.kv.device + self.state.device + self.compute.device

    @property
    def host(self) -> float:
        """Total on the host."""
        return self.weights.host + self.kv.host + self.state.host + self.compute.host


def need(shape: Shape, settings: Settings, known_compute: Split | None = None) -> Need:
    """Memory of a model under these settings. `known_compute` is taken for its compute buffers where it is given."""
    cells, streams = cells_and_streams(settings, shape.trained_context)
    blocks = (*shape.layers, *shape.drafting)
    first = len(blocks) - layers_on_device(settings, len(blocks))[0]
    drafts_cached = settings.build < NEWER_BUILD and shape.architecture not in CACHELESS_DRAFTING
    kv = state = Split()
    for index, layer in enumerate(blocks):
        on_device = index >= first
        if index < len(shape.layers) or drafts_cached:
            per_stream = cache_cells(shape, layer, cells, settings) * bytes_per_cell(shape, layer, settings)
            kv = kv.plus(streams * per_stream, device=on_device)
        if index < len(shape.layers):
            state = state.plus(settings.slots * layer.state_bytes, device=on_device)
    held = weights(shape, settings)
    compute = compute_bytes(shape, settings, cells) if known_compute is None else known_compute
    known = known_compute is not None or is_known(shape, settings, cells)
    return Need(
        weights=held,
        kv=kv,
        state=state,
        compute=compute,
        cells=cells,
        streams=streams,
        margin_bytes=_margin(shape, _compute_share(settings, known=known), held, kv, compute),
        estimated=not known,
    )


def weights(shape: Shape, settings: Settings) -> Split:
    """Weights by device. The token embedding always stays on the host; a tied one is on both sides.

    A head on the host shares a tied embedding, unless packing for the processor makes a copy of its own.
    """
    every = len(shape.layers) + len(shape.drafting)
    layers, head = layers_on_device(settings, every)
    first = every - layers
    total = Split().plus(shape.embedding_bytes, device=shape.all_on_device and layers > 0)
    total = total.plus(shape.first_bytes, device=first == 0)
    for index, layer in enumerate(shape.layers):
        on_device = index >= first
        experts = layer.expert_bytes if settings.experts_on_host(index) else 0
        packing = layer.packing_bytes if packs(settings) and not on_device else 0
        total = total.plus(layer.weight_bytes - experts + packing, device=on_device)
        total = total.plus(experts, device=False)
    output = shape.output_bytes
    packed = packs(settings) and not head and shape.head.packed_bytes
    if packed:
        output += shape.head.packing_bytes
    elif shape.tied and (shape.all_on_device or (not head and shape.architecture not in HEAD_FIRST)):
        output -= shape.shared_bytes
    total = total.plus(output, device=head)
    return total.plus(settings.projector_bytes, device=layers > 0)


def bytes_per_cell(shape: Shape, layer: Layer, settings: Settings) -> float:
    """K and V of one token in one layer. Without flash attention V is transposed and as wide as the widest layer's."""
    v_width = shape.v_width_most if layer.v_width and not settings.flash_attention else layer.v_width
    return layer.k_width * KV_TYPES[settings.kv_type_k] + v_width * KV_TYPES[settings.kv_type_v]


def _compute_share(settings: Settings, *, known: bool) -> float:
    """One standard deviation of the compute buffers, as a share of them."""
    if not known:
        return SIGMA_COMPUTE_UNKNOWN
    return SIGMA_COMPUTE_PIPELINE if settings.devices > 1 else SIGMA_COMPUTE


def _margin(shape: Shape, compute_share: float, held: Split, kv: Split, compute: Split) -> float:
    """One standard deviation of the total on the side that matters."""
    side = "device" if held.device else "host"
    return math.hypot(
        getattr(held, side) * (SIGMA_WEIGHTS if shape.exact else SIGMA_UNKNOWN_TYPE),
        getattr(kv, side) * SIGMA_KV,
        getattr(compute, side) * compute_share,
    )
