"""The same model in smaller quantisations, as estimated from the tensors of its header."""

from collections.abc import Iterator

from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.header import Header
from doctor.sizing.levers import Variant
from doctor.sizing.mixes import in_mix, sorted_out

# What publishers offer and users compare, largest first.
LADDER = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
SMALLER = 0.95  # of the file: a variant that saves less is no way out


def smaller(header: Header) -> Iterator[Variant]:
    """Each quantisation that is clearly smaller than this file, made when it is asked for."""
    if any(tensor.bytes is None for tensor in header.tensors):
        return
    now = sum(tensor.bytes or 0 for tensor in header.tensors)
    original = sorted_out(header)
    for name in LADDER:
        changed = in_mix(original, name)
        if sum(tensor.bytes or 0 for tensor in changed.tensors) < SMALLER * now:
            yield Variant(name=name, shape=shape_of(changed))
