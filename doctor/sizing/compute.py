"""Compute buffers: activations, logits and masks that the engine reserves before the first token.

The allocator reuses memory, so a device takes the largest of the phases that run there. All activations are f32.
Formulas were derived from llama.cpp's graphs (0c1e57098) and hold on 845 allocations that it printed: median error
0.003 %; where they miss, it is because freed blocks do not lie side by side (19 % at most).
"""

from doctor.sizing.settings import Settings, layers_on_device
from doctor.sizing.shape import Layer, Shape
from doctor.sizing.split import Split

FLOAT = 4
CACHE_INDEX = 8  # bytes: a 64-bit place in the cache for each element of a transposed V
# Backends that run an operation of a layer on the CPU themselves when the batch is large, for which they stage the
# weights: `offload_op` in `ggml/src/ggml-{cuda,vulkan,metal}` at 0c1e57098.
STAGING_BACKENDS = frozenset({"cuda", "rocm", "vulkan", "metal"})
STAGING_MIN_BATCH = 32
# Inputs are kept in four copies when the layers are spread over several GPUs and all are on GPUs.
PIPELINE_FACTOR = 1.15
PIPELINE_HOST_MASKS = 3
QUANTISED = frozenset({"q8_0", "q5_1", "q5_0", "q4_1", "q4_0", "iq4_nl"})
F16 = 2


def compute_bytes(shape: Shape, settings: Settings, cells: int) -> Split:
    """Compute buffers of the device and of the host."""
    batch = min(cells, settings.ubatch)
    layers, head = layers_on_device(settings, len(shape.layers))
    blocks = max(_block_phases(shape, settings, cells, batch))
    logits = logits_bytes(shape, settings, batch)
    staged = FLOAT * batch * shape.embedding_length
    device = float(max(blocks if layers else 0, logits if head else 0))
    if device:
        device += _additions(shape, settings, cells, layers)
    if layers == len(shape.layers):
        return _whole(shape, settings, cells, batch, device)
    if head and shape.experts and not layers:
        # The last block's experts are summed where the head is: all their outputs are copied to it.
        device += staged * (shape.experts_used + (0 if shape.residual_beside_logits else 1))
    # A processor alone keeps the looked-up rows beside the place for embedded input (seen in a server without a GPU).
    inputs = 2 if settings.backend == "cpu" else 1
    return Split(device=device, host=max(blocks, 0 if head else logits) + inputs * staged)


def _whole(shape: Shape, settings: Settings, cells: int, batch: int, device: float) -> Split:
    """All layers on the device: the host keeps what goes in."""
    staged = FLOAT * batch * shape.embedding_length
    masks = mask_bytes(shape, settings, cells, batch)
    if settings.devices > 1:
        return Split(device=device * PIPELINE_FACTOR, host=2 * staged + PIPELINE_HOST_MASKS * masks)
    return Split(device=device, host=2 * staged + masks + _index_bytes(shape, settings, batch))


def _additions(shape: Shape, settings: Settings, cells: int, layers: int) -> float:
    """What backends add: staged weights of layers on the CPU, one layer's cache made readable."""
    added = 0.0
    on_cpu = shape.layers[: len(shape.layers) - layers]
    if settings.backend in STAGING_BACKENDS and settings.ubatch >= STAGING_MIN_BATCH:
        staged = [max(layer.largest_bytes, layer.largest_expert_bytes) for layer in on_cpu]
        if settings.experts_on_cpu:
            staged += [layer.largest_expert_bytes for layer in shape.layers]
        added += max(staged, default=0)
    if settings.experts_on_cpu:
        added += mask_bytes(shape, settings, cells, min(cells, settings.ubatch))
    quantised = settings.kv_type_k in QUANTISED or settings.kv_type_v in QUANTISED
    if settings.backend in ("cuda", "rocm") and quantised and settings.flash_attention:
        added += F16 * max(cache_cells(shape, x, cells, settings) * (x.k_width + x.v_width) for x in shape.layers)
    return added


def cache_cells(shape: Shape, layer: Layer, cells: int, settings: Settings) -> int:
    """Cells of a layer's cache in one stream: all, or the window with room for one batch."""
    if layer.attention != "window" or settings.swa_full:
        return cells
    slots = settings.slots if settings.kv_unified else 1
    batch = min(settings.ubatch, cells)
    return -(-min(cells, shape.window * slots + batch) // 256) * 256


def logits_bytes(shape: Shape, settings: Settings, batch: int) -> int:
    """Rows of logits and their hidden states; some families keep the residual alive beside them."""
    rows = batch if settings.outputs is None else min(batch, settings.outputs)
    residual = FLOAT * batch * shape.embedding_length if shape.residual_beside_logits else 0
    return FLOAT * rows * (shape.vocabulary + shape.embedding_length) + residual


def mask_bytes(shape: Shape, settings: Settings, cells: int, batch: int) -> int:
    """Attention masks: half precision with flash attention, one more for windowed layers."""
    width = F16 if settings.flash_attention else FLOAT
    kinds = {layer.attention: layer for layer in shape.layers if layer.attention != "none"}
    return batch * width * sum(cache_cells(shape, layer, cells, settings) for layer in kinds.values())


def _block_phases(shape: Shape, settings: Settings, cells: int, batch: int) -> list[int]:
    """Activations of the widest phases inside a block."""
    kept = mask_bytes(shape, settings, cells, batch) + _index_bytes(shape, settings, batch)
    if shape.mla_rank:
        return [kept + _latent_bytes(shape, settings, cells, batch)]
    around = FLOAT * batch * (shape.query_width + shape.embedding_length) * (1 if shape.fused_qkv else 2)
    phases = [kept + _feed_forward_bytes(shape, batch)]
    if not settings.flash_attention:
        phases.append(kept + around + FLOAT * batch * cells * shape.heads)
    elif "f32" in (settings.kv_type_k, settings.kv_type_v):
        phases.append(kept + around + _made_half(shape, settings, cells))
    return phases


def _made_half(shape: Shape, settings: Settings, cells: int) -> int:
    """Flash attention reads a 32-bit cache as a half-precision copy, one layer at a time."""
    halved = ((settings.kv_type_k, "k_width"), (settings.kv_type_v, "v_width"))
    fields = [field for kind, field in halved if kind == "f32"]
    sizes = (cache_cells(shape, x, cells, settings) * sum(getattr(x, f) for f in fields) for x in shape.layers)
    return F16 * max(sizes, default=0)


def _index_bytes(shape: Shape, settings: Settings, batch: int) -> int:
    """Without flash attention V is stored transposed: one index for each of its elements, for each kind of cache."""
    if settings.flash_attention:
        return 0
    kinds = {layer.attention for layer in shape.layers if layer.v_width}
    return CACHE_INDEX * batch * shape.v_width_most * len(kinds)


def _feed_forward_bytes(shape: Shape, batch: int) -> int:
    """Activations of the widest feed-forward phase; of a mixture, its dense leading layers as well."""
    d = shape.embedding_length
    dense = 3 * shape.feed_forward + (2 if shape.fused_gate else 3) * d
    if not shape.experts:
        return FLOAT * batch * dense
    width = shape.expert_feed_forward or shape.feed_forward
    mixed = shape.experts_used * (width + 2 * d) + 2 * d + shape.query_width_kept
    has_dense = any(not layer.expert_bytes for layer in shape.layers)
    return FLOAT * batch * max(mixed, dense if has_dense else 0)


def _latent_bytes(shape: Shape, settings: Settings, cells: int, batch: int) -> int:
    """Activations of compressed attention (DeepSeek, Kimi)."""
    h, rank, rope, nope = shape.heads, shape.mla_rank, shape.mla_rope, shape.mla_nope
    scores = 0 if settings.flash_attention else cells * h
    return FLOAT * batch * (2 * h * (rank + rope) + h * (nope + rope) + 3 * shape.embedding_length + scores)
