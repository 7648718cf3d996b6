"""The same model in smaller quantisations, as estimated from the tensors of its header."""

from collections.abc import Iterator

from doctor.sizing.gguf_shape import shape_of
from doctor.sizing.header import Header
from doctor.sizing.levers import Variant
from doctor.sizing.mixes import in_mix, sorted_out

# What publishers offer and users compare, largest first.
LADDER = ("Q8_0", "Q6_K", "Q5_K_M", "Q4_K_M", "Q3_K_M", "Q2_K")
SMALLER = 0.95  # of the file: a variant that saves less is no way out


def quantised(header: Header, below: float) -> Iterator[tuple[str, Header, int]]:
    """Name, header and bytes of each quantisation that takes less than `below` of this file, made when asked for.

    None where a tensor's type is not known.
    """
    if any(tensor.bytes is None for tensor in header.tensors):
        return
    now = sum(tensor.bytes or 0 for tensor in header.tensors)
    original = sorted_out(header)
    for name in LADDER:
        changed = in_mix(original, name)
        size = sum(tensor.bytes or 0 for tensor in changed.tensors)
        if size < below * now:
            yield name, changed, size


def smaller(header: Header) -> Iterator[Variant]:
    """Each quantisation that is clearly smaller than this file, made when it is asked for."""
    for name, changed, _ in quantised(header, SMALLER):
        yield Variant(name=name, shape=shape_of(changed))
