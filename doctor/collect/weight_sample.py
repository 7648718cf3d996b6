"""Samples of a model file's matrices: stretches of zeros, and scales that no sound quantisation has.

A download in parts that lost one leaves a hole of zeros in a file of the right length. A flipped bit in the scale of a
block makes its weights infinite or thousands of times too large. A small file is read whole, of a large one windows
that are spread evenly, so one wrong bit in many gigabytes is mostly missed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from doctor.collect.gguf import Header, Tensor
from doctor.sizing.blocks import BLOCKS

WHOLE_BYTES = 16 << 20  # a file up to this size is read whole
WINDOWS, WINDOW_BYTES = 64, 64 << 10  # of a larger one: 4 MiB in all, under a second also on a slow disk
HOLE_BYTES = 4096  # a page: the smallest stretch of zeros that counts
SMALLEST_BYTES = 32 << 10  # smaller tensors are vectors or gates
# Where the half-precision scale stands in a block, by type (ggml-common.h at 0c1e57098).
SCALE_AT = {2: 0, 3: 0, 6: 0, 7: 0, 8: 0, 10: 80, 11: 108, 12: 0, 13: 0, 14: 208, 20: 0, 23: 0, 35: 64}
ENDLESS = 31  # the exponent of infinity and of not-a-number
WILD = 12  # powers of two over the usual scale of a tensor: sound ones stay within four or five
EXPONENTS = bytes((high & 0x7C) >> 2 for high in range(256))  # of a half-precision number, by its high byte
# Rows of tokens that were never used, and experts that were cut away, are zero in sound files.
MAY_HOLD_ZEROS = ("token_embd", "output.", "_exps", "position_embd", "token_types")
# Merges that repeat layers silence them by zeroing these two.
MAY_BE_ZERO = ("attn_output.weight", "ffn_down.weight")


class Sample(msgspec.Struct, frozen=True, kw_only=True):
    """What was read, and the tensors in which something was wrong."""

    read_bytes: int
    holes: tuple[str, ...] = ()
    wild: tuple[str, ...] = ()


def sample_weights(path: Path, header: Header) -> Sample:
    """Read the samples. Raises OSError."""
    tensors = [tensor for tensor in header.tensors if (tensor.bytes or 0) >= SMALLEST_BYTES and len(tensor.shape) > 1]
    read = 0
    holes: set[str] = set()
    other_than_zero: set[str] = set()
    wild: list[str] = []
    with path.open("rb", buffering=0) as file:
        for tensor, content in _windows(file, header, tensors):
            read += len(content)
            if bytes(HOLE_BYTES) in content:
                holes.add(tensor.name)
            if content.strip(b"\0"):
                other_than_zero.add(tensor.name)
            if tensor.name not in wild and _is_wild(tensor, content):
                wild.append(tensor.name)
    names = tuple(t.name for t in tensors if t.name in holes and _is_fault(t.name, t.name not in other_than_zero))
    return Sample(read_bytes=read, holes=names, wild=tuple(wild))


def _windows(file: BinaryIO, header: Header, tensors: list[Tensor]) -> Iterator[tuple[Tensor, bytes]]:
    """Pieces of tensors that begin at a block: whole tensors of a small file, evenly spread windows of a large one."""
    total = sum(tensor.bytes or 0 for tensor in tensors)
    if total <= WHOLE_BYTES:
        for tensor in tensors:
            file.seek(header.data_start + tensor.offset)
            yield tensor, file.read(tensor.bytes or 0)
        return
    step, passed = total // WINDOWS, 0
    for tensor in tensors:
        size, block = tensor.bytes or 0, BLOCKS[tensor.type_id].bytes if tensor.type_id in BLOCKS else 1
        for at in range(-passed % step, size, step):
            start = at // block * block
            length = min(WINDOW_BYTES, size - start)
            file.seek(header.data_start + tensor.offset + start)
            yield tensor, file.read(length)
        passed += size


def _is_fault(name: str, all_zero: bool) -> bool:
    """Zeros where there should be weights: in a part of a tensor, or in one that no merge silences."""
    return not any(word in name for word in MAY_HOLD_ZEROS) and not (all_zero and name.endswith(MAY_BE_ZERO))


def _is_wild(tensor: Tensor, content: bytes) -> bool:
    """Whether a block's scale is no number, or far over the usual scale of its neighbours."""
    at = SCALE_AT.get(tensor.type_id)
    if at is None:
        return False
    exponents = content[at + 1 :: BLOCKS[tensor.type_id].bytes].translate(EXPONENTS)
    if not exponents:
        return False
    highest, usual = max(exponents), sorted(exponents)[len(exponents) // 2]
    return highest == ENDLESS or highest - usual >= WILD
