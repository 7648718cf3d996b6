"""How much memory a model takes on each device: weights, KV cache, recurrent state, compute buffers.

Formulas: llama.cpp at 0c1e57098, checked against allocations that it printed itself. Sizes in bytes.
"""

import msgspec

from doctor.sizing.shape import FUSED_GATE, RESIDUAL_BESIDE_LOGITS, Layer, Shape

MIB = 1 << 20
PAD = 256  # llama.cpp pads the context to this many cells
# Bytes per element of a KV cache type.
KV_TYPES = {
    "f32": 4.0,
    "f16": 2.0,
    "bf16": 2.0,
    "q8_0": 34 / 32,
    "q5_1": 24 / 32,
    "q5_0": 22 / 32,
    "q4_1": 20 / 32,
    "q4_0": 18 / 32,
    "iq4_nl": 18 / 32,
}


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """How the server is started. `context` in tokens, 0 = as trained; `gpu_layers` -1 = all.

    `outputs`: rows of logits that are reserved; None = one per ubatch token, as in all builds up to mid 2026.
    """

    context: int = 4096
    slots: int = 1
    kv_unified: bool = False
    ubatch: int = 512
    kv_type_k: str = "f16"
    kv_type_v: str = "f16"
    flash_attention: bool = True
    swa_full: bool = False
    gpu_layers: int = -1
    outputs: int | None = None
    experts_on_cpu: bool = False
    amx: bool = False  # the processor packs matrices for its tile unit (llama.cpp built with AMX)


class Split(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes on the device and on the host."""

    device: float = 0.0
    host: float = 0.0


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """What a model takes under some settings, in bytes."""

    weights: Split
    kv: Split
    state: Split
    compute: Split
    cells: int  # context cells per stream
    margin_bytes: float  # of the device total: one standard deviation of this model's own error

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
    cells, streams = cells_and_streams(shape, settings)
    on_device = layers_on_device(shape, settings)
    first = len(shape.layers) - on_device[0]
    kv = state = Split()
    for index, layer in enumerate(shape.layers):
        cache = streams * cache_cells(shape, layer, cells, settings) * bytes_per_cell(layer, settings)
        kv = _add(kv, cache, device=index >= first)
        state = _add(state, settings.slots * layer.state_bytes, device=index >= first)
    return Need(
        weights=weights(shape, settings),
        kv=kv,
        state=state,
        compute=compute_bytes(shape, settings, cells),
        cells=cells,
        margin_bytes=0.0,
    )


def cells_and_streams(shape: Shape, settings: Settings) -> tuple[int, int]:
    """Context cells per stream and number of streams: one shared by all slots when unified."""
    context = pad(settings.context or shape.trained_context)
    if settings.kv_unified or settings.slots == 1:
        return context, 1
    return pad(context // settings.slots), settings.slots


def layers_on_device(shape: Shape, settings: Settings) -> tuple[int, bool]:
    """Repeating layers on the device, and whether the output head is: it counts as the last layer."""
    count = len(shape.layers)
    if settings.gpu_layers < 0:
        return count, True
    return max(0, min(settings.gpu_layers - 1, count)), settings.gpu_layers > 0


def weights(shape: Shape, settings: Settings) -> Split:
    """Weights by device. The token embedding always stays on the host; a tied one is on both sides.

    A head on the host shares a tied embedding, unless packing for the processor makes a copy of its own.
    """
    layers, head = layers_on_device(shape, settings)
    first = len(shape.layers) - layers
    total = Split(host=shape.embedding_bytes)
    for index, layer in enumerate(shape.layers):
        on_device = index >= first
        experts = layer.expert_bytes if settings.experts_on_cpu else 0
        packing = layer.packing_bytes if settings.amx and not on_device else 0
        total = _add(total, layer.weight_bytes - experts + packing, device=on_device)
        total = _add(total, experts, device=False)
    output = shape.output_bytes
    if not head and settings.amx:
        output += shape.output_packing_bytes
    elif not head and shape.tied:
        output -= shape.embedding_bytes
    return _add(total, output, device=head)


def cache_cells(shape: Shape, layer: Layer, cells: int, settings: Settings) -> int:
    """Cells of a layer's cache in one stream: all, or the window with room for one batch."""
    if layer.attention != "window" or settings.swa_full:
        return cells
    slots = settings.slots if settings.kv_unified else 1
    return pad(min(cells, shape.window * slots + min(settings.ubatch, cells)))


def bytes_per_cell(layer: Layer, settings: Settings) -> float:
    """K and V of one token in one layer."""
    return layer.k_width * KV_TYPES[settings.kv_type_k] + layer.v_width * KV_TYPES[settings.kv_type_v]


def compute_bytes(shape: Shape, settings: Settings, cells: int) -> Split:
    """Compute buffers. The allocator reuses memory, so each side takes the largest of the phases that run there."""
    u = min(cells, settings.ubatch)
    layers, head = layers_on_device(shape, settings)
    blocks = max(block_phases(shape, settings, cells, u))
    logits = logits_bytes(shape, settings, u)
    staged = 4 * u * shape.embedding_length
    device = max(blocks if layers else 0, logits if head else 0)
    if layers == len(shape.layers):
        return Split(device=device, host=2 * staged + mask_bytes(shape, settings, cells, u))
    return Split(device=device, host=max(blocks, 0 if head else logits) + staged)


def block_phases(shape: Shape, settings: Settings, cells: int, u: int) -> list[int]:
    """Activations of the widest phases inside a block."""
    mask = mask_bytes(shape, settings, cells, u)
    if shape.mla_rank:
        return [mask + mla_bytes(shape, settings, cells, u)]
    phases = [mask + feed_forward_bytes(shape, u)]
    if not settings.flash_attention:
        k_width = max((layer.k_width for layer in shape.layers), default=0)
        v_width = max((layer.v_width for layer in shape.layers), default=0)
        phases.append(mask + 4 * u * (cells * shape.heads + 4 * shape.embedding_length + k_width + v_width))
    return phases


def logits_bytes(shape: Shape, settings: Settings, u: int) -> int:
    """Rows of logits and their hidden states; some families keep the residual alive beside them."""
    rows = u if settings.outputs is None else min(u, settings.outputs)
    residual = 4 * u * shape.embedding_length if shape.architecture in RESIDUAL_BESIDE_LOGITS else 0
    return 4 * rows * (shape.vocabulary + shape.embedding_length) + residual


def mask_bytes(shape: Shape, settings: Settings, cells: int, u: int) -> int:
    """Attention masks: half precision with flash attention, one more for windowed layers."""
    width = 2 if settings.flash_attention else 4
    windowed = next((layer for layer in shape.layers if layer.attention == "window"), None)
    window_cells = cache_cells(shape, windowed, cells, settings) if windowed else 0
    return u * (cells + window_cells) * width


def feed_forward_bytes(shape: Shape, u: int) -> int:
    """Activations of the widest feed-forward phase."""
    d = shape.embedding_length
    if shape.experts:
        width = shape.expert_feed_forward or shape.feed_forward
        return 4 * u * (shape.experts_used * (width + 2 * d) + 2 * d + shape.query_width_kept)
    return 4 * u * (3 * shape.feed_forward + (2 if shape.architecture in FUSED_GATE else 3) * d)


def mla_bytes(shape: Shape, settings: Settings, cells: int, u: int) -> int:
    """Activations of compressed attention (DeepSeek, Kimi)."""
    h, rank, rope, nope = shape.heads, shape.mla_rank, shape.mla_rope, shape.mla_nope
    scores = 0 if settings.flash_attention else cells * h
    return 4 * u * (2 * h * (rank + rope) + h * (nope + rope) + 3 * shape.embedding_length + scores)


def pad(tokens: int) -> int:
    """Tokens rounded up to whole blocks of cells."""
    return -(-tokens // PAD) * PAD


def _add(split: Split, amount: float, *, device: bool) -> Split:
    if device:
        return Split(device=split.device + amount, host=split.host)
    return Split(device=split.device, host=split.host + amount)
