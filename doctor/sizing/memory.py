"""How much memory a model takes on each device: weights, KV cache, recurrent state, compute buffers.

Formulas: llama.cpp at 0c1e57098, checked against allocations that it printed itself. Sizes in bytes.
"""

import math

import msgspec

from doctor.sizing.compute import cache_cells, compute_bytes
from doctor.sizing.settings import KV_TYPES, Settings, cells_and_streams, layers_on_device
from doctor.sizing.shape import Layer, Shape
from doctor.sizing.split import Split

MIB = 1 << 20
# One standard deviation of each term, as a share of it: what the formulas missed in 845 allocations and 48 logs.
SIGMA_WEIGHTS = 0.002
SIGMA_KV = 0.003
SIGMA_COMPUTE = 0.05
SIGMA_COMPUTE_PIPELINE = 0.15
SIGMA_COMPUTE_EXPERTS = 0.5
# A tensor of an unknown block type is counted with nothing: the file's size is the better guess, within this share.
SIGMA_UNKNOWN_TYPE = 0.1


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes under some settings, in bytes."""

    weights: Split
    kv: Split
    state: Split
    compute: Split
    cells: int  # context cells per stream
    streams: int
    margin_bytes: float  # of the total on the device, or on the host without one: one standard deviation

    @property
    def device(self) -> float:
        """Total on the device."""
        return self.weights.device + self.kv.device + self.state.device + self.compute.device

    @property
    def host(self) -> float:
        """Total on the host."""
        return self.weights.host + self.kv.host + self.state.host + self.compute.host


def need(shape: Shape, settings: Settings) -> Need:
    """Memory of a model under these settings."""
    cells, streams = cells_and_streams(settings, shape.trained_context)
    first = len(shape.layers) - layers_on_device(settings, len(shape.layers))[0]
    kv = state = Split()
    for index, layer in enumerate(shape.layers):
        per_stream = cache_cells(shape, layer, cells, settings) * bytes_per_cell(shape, layer, settings)
        kv = kv.plus(streams * per_stream, device=index >= first)
        state = state.plus(settings.slots * layer.state_bytes, device=index >= first)
    held, compute = weights(shape, settings), compute_bytes(shape, settings, cells)
    return Need(
        weights=held,
        kv=kv,
        state=state,
        compute=compute,
        cells=cells,
        streams=streams,
        margin_bytes=_margin(shape, settings, held, kv, compute),
    )


def weights(shape: Shape, settings: Settings) -> Split:
    """Weights by device. The token embedding always stays on the host; a tied one is on both sides.

    A head on the host shares a tied embedding, unless packing for the processor makes a copy of its own.
    """
    layers, head = layers_on_device(settings, len(shape.layers))
    first = len(shape.layers) - layers
    total = Split().plus(shape.embedding_bytes, device=shape.all_on_device and layers > 0)
    for index, layer in enumerate(shape.layers):
        on_device = index >= first
        experts = layer.expert_bytes if settings.experts_on_cpu else 0
        packing = layer.packing_bytes if settings.amx and not on_device else 0
        total = total.plus(layer.weight_bytes - experts + packing, device=on_device)
        total = total.plus(experts, device=False)
    output = shape.output_bytes
    if not head and settings.amx:
        output += shape.output_packing_bytes
    elif shape.tied and (shape.all_on_device or not head):
        output -= shape.embedding_bytes
    total = total.plus(output, device=head)
    return total.plus(settings.projector_bytes, device=layers > 0)


def bytes_per_cell(shape: Shape, layer: Layer, settings: Settings) -> float:
    """K and V of one token in one layer. Without flash attention V is transposed and as wide as the widest layer's."""
    v_width = shape.v_width_most if layer.v_width and not settings.flash_attention else layer.v_width
    return layer.k_width * KV_TYPES[settings.kv_type_k] + v_width * KV_TYPES[settings.kv_type_v]


def _margin(shape: Shape, settings: Settings, held: Split, kv: Split, compute: Split) -> float:
    """One standard deviation of the total on the side that matters."""
    side = "device" if held.device else "host"
    share = SIGMA_COMPUTE
    if settings.devices > 1:
        share = SIGMA_COMPUTE_PIPELINE
    if settings.experts_on_cpu:
        share = SIGMA_COMPUTE_EXPERTS
    return math.hypot(
        getattr(held, side) * (SIGMA_WEIGHTS if shape.exact else SIGMA_UNKNOWN_TYPE),
        getattr(kv, side) * SIGMA_KV,
        getattr(compute, side) * share,
    )
