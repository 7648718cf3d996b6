"""Whether a file's numbers make a graph at all: broken and strange files get a rough estimate in place of one."""

from doctor.sizing.shape import Layer, Shape

MAX_EXPERTS_USED = 512  # Qwen3-Next, the widest mixture, uses 10
MAX_STREAMS = 64  # of the residual; Gemma 3n has 4
MAX_BUILT = 96  # different blocks; of real models at most 62 differ


class NoGraph(Exception):
    """The file's numbers or tensors make no graph that llama.cpp would build."""


def check(shape: Shape) -> None:
    """Raise NoGraph for numbers that no model has."""
    if not shape.layers or not shape.embedding_length or not shape.vocabulary:
        raise NoGraph("no blocks, no width or no vocabulary")
    if shape.experts_used > min(shape.experts, MAX_EXPERTS_USED):
        raise NoGraph("more experts used than there are")
    groups = shape.number("expert_group_count")
    if groups > 1 and (shape.experts % groups or shape.number("expert_group_used_count") > groups):
        raise NoGraph("experts that cannot be grouped")
    if shape.number("altup.num_inputs") > MAX_STREAMS:
        raise NoGraph("too many residual streams")
    if not all(_has_heads(layer) for layer in shape.layers):
        raise NoGraph("attention without heads")


def _has_heads(layer: Layer) -> bool:
    return not layer.reads or bool(layer.heads and layer.kv_heads and layer.k_length and layer.v_length)
