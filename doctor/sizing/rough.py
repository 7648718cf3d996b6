"""A rough estimate of compute buffers, for models whose graph is not known: the largest of three phases.

Derived from llama.cpp's graphs of dense models, for which it is within 20 %. All activations are f32.
"""

from collections.abc import Mapping

from doctor.sizing.settings import Settings
from doctor.sizing.shape import Shape
from doctor.sizing.split import Split

FLOAT, HALF = 4, 2
USUAL_FACTOR = 4  # of the width, where a file does not say how wide its feed-forward part is


def rough_compute(shape: Shape, settings: Settings, cells: Mapping[str, int], *, layers: int, head: bool) -> Split:
    """Bytes on the device and on the host; `cells` by kind of cache, `layers` and `head` as they are on the device."""
    tokens = min(cells["full"], settings.ubatch)
    rows = tokens if settings.outputs is None else min(tokens, settings.outputs)
    width = shape.embedding_length
    kinds = {layer.reads or layer.attention for layer in shape.layers} & cells.keys()
    masks = tokens * (HALF if settings.flash_attention else FLOAT) * sum(cells[kind] for kind in kinds)
    logits = FLOAT * rows * (shape.vocabulary + width)
    blocks = masks + FLOAT * tokens * max(_fed(shape), 0 if settings.flash_attention else _attended(shape, cells))
    inputs = 2 * FLOAT * tokens * width
    device = max(blocks if layers else 0, logits if head else 0)
    if layers == len(shape.layers):
        return Split(device=device, host=inputs + masks)
    return Split(device=device, host=inputs + max(blocks, 0 if head else logits))


def _fed(shape: Shape) -> int:
    """Values a token in the widest feed-forward phase."""
    width = shape.embedding_length
    inner = shape.number("feed_forward_length") or USUAL_FACTOR * width
    if not shape.experts:
        return 3 * inner + 3 * width
    expert = shape.number("expert_feed_forward_length") or inner
    return shape.experts_used * (expert + 2 * width) + 2 * width


def _attended(shape: Shape, cells: Mapping[str, int]) -> int:
    """Values a token in the widest attention phase, without flash attention: its scores beside queries and results."""
    scores = max((layer.heads * cells.get(layer.reads, 0) for layer in shape.layers), default=0)
    return (
        scores + 4 * shape.embedding_length + max((layer.k_width + layer.v_width for layer in shape.layers), default=0)
    )
