"""Weights made ill: holes, flipped bits, too few bits, and a model that bears no small KV cache.

All work on the blocks of Q8_0 (a half-precision scale and 32 signed bytes, as in ggml-common.h), nothing else changes.
"""

import functools
import random
import struct
from pathlib import Path

from doctor.ward.gguf_edit import F32, Q2_K, Q4_0, Q8_0, Gguf, Tensor, write, write_recoded

BLOCK_BYTES = 34  # two of scale, 32 of values
SCALE = struct.Struct("<e")
OUTLIERS = (6, 7, 38, 39)  # of a head's 64 values; neighbours are rotated together
OUTLIER_FACTOR = 400.0
HOLE = (0.40, 0.55)  # of the tensor data
FLIPPED_BIT = 14  # of a scale: the highest of its exponent, which makes a small scale 65536 times larger


def not_numbers(good: Gguf, target: Path) -> Path:
    """One norm holds not-a-number values: the answer is a flood of one glyph."""

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.name == "blk.2.ffn_norm.weight" and tensor.kind == F32:
            content[:] = struct.pack("<f", float("nan")) * (len(content) // 4)

    return write(good, target, edit=edit)


def noise(good: Gguf, target: Path, share: float = 0.02) -> Path:
    """Some bytes of every matrix are random, the scales are kept: mild damage that is hard to see."""
    chance = random.Random(0)  # noqa: S311 - noise, the same each time

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.kind != Q8_0:
            return
        for _ in range(int(len(content) * share)):
            place = chance.randrange(len(content))
            if place % BLOCK_BYTES >= 2:
                content[place] = chance.randrange(256)

    return write(good, target, edit=edit)


def holes(good: Gguf, target: Path) -> Path:
    """A stretch of zeros, as a download in parts leaves it when a part never came."""
    size = max(tensor.offset + tensor.size_bytes for tensor in good.tensors)
    first, last = (int(share * size) for share in HOLE)

    def edit(tensor: Tensor, content: bytearray) -> None:
        start, end = max(0, first - tensor.offset), min(len(content), last - tensor.offset)
        if start < end:
            content[start:end] = bytes(end - start)

    return write(good, target, edit=edit)


def flipped_bits(good: Gguf, target: Path) -> Path:
    """One bit in three scales is wrong, as from bad memory or a bad disk: the file has its right length and form."""

    def edit(tensor: Tensor, content: bytearray) -> None:
        if tensor.name not in ("blk.0.ffn_up.weight", "blk.2.attn_v.weight", "blk.3.ffn_down.weight"):
            return
        at = len(content) // BLOCK_BYTES // 2 * BLOCK_BYTES
        (scale,) = struct.unpack_from("<H", content, at)
        struct.pack_into("<H", content, at, scale ^ (1 << FLIPPED_BIT))

    return write(good, target, edit=edit)


def few_bits(good: Gguf, target: Path) -> Path:
    """Q2_K where rows allow it, Q4_0 elsewhere: 3.0 bits a weight in all, and the patient bears it."""
    return write_recoded(good, target, functools.partial(_smaller, crude=False))


def quantised_to_death(good: Gguf, target: Path) -> Path:
    """The same size, but 256 values share one scale instead of 16, as in the first two-bit formats."""
    return write_recoded(good, target, functools.partial(_smaller, crude=True))


def _smaller(tensor: Tensor, content: bytes, *, crude: bool) -> tuple[int, bytes]:
    if tensor.kind != Q8_0:
        return tensor.kind, content
    if tensor.shape[0] % 256:
        return Q4_0, b"".join(_four_bits(content[at : at + BLOCK_BYTES]) for at in range(0, len(content), BLOCK_BYTES))
    step = 8 * BLOCK_BYTES
    return Q2_K, b"".join(_two_bits(content[at : at + step], crude) for at in range(0, len(content), step))


def _four_bits(block: bytes) -> bytes:
    """A Q4_0 block: 32 values in 16 bytes, the first 16 in the low halves."""
    values = memoryview(block[2:]).cast("b")
    most = max(1, *(abs(value) for value in values))
    codes = bytes(8 + round(7 * value / most) for value in values)
    low, high = int.from_bytes(codes[:16], "little"), int.from_bytes(codes[16:], "little")
    (scale,) = SCALE.unpack_from(block)
    return SCALE.pack(scale * most / 7) + (low | high << 4).to_bytes(16, "little")


def _two_bits(blocks: bytes, crude: bool) -> bytes:
    """A Q2_K block of eight Q8_0 blocks: for 16 values each a scale and a minimum of four bits, two bits a value."""
    rows = [blocks[at : at + BLOCK_BYTES] for at in range(0, len(blocks), BLOCK_BYTES)]
    spans = [_span(row, half) for row in rows for half in (0, 16)]
    if crude:
        widest = max(width for _, width, _ in spans), max(low for _, _, low in spans)
        spans = [(values, *widest) for values, _, _ in spans]
    step = max(width for _, width, _ in spans) / 3 / 15 or 1.0
    low_step = max(low for _, _, low in spans) / 15 or 1.0
    heads, codes = bytearray(), bytearray()
    for values, width, low in spans:
        scale, minimum = round(width / 3 / step), round(low / low_step)
        heads.append(scale | minimum << 4)
        size, lowest = scale * step or 1.0, minimum * low_step
        codes += bytes(min(3, max(0, round((value + lowest) / size))) for value in values)
    packed = b""
    for half in (0, 128):
        planes = (int.from_bytes(codes[half + 32 * n : half + 32 * n + 32], "little") << 2 * n for n in range(4))
        packed += sum(planes).to_bytes(32, "little")
    return bytes(heads) + packed + SCALE.pack(step) + SCALE.pack(low_step)


def _span(block: bytes, start: int) -> tuple[list[float], float, float]:
    """Sixteen values of a block, how wide they lie, and how far below zero."""
    (scale,) = SCALE.unpack_from(block)
    values = [scale * value for value in memoryview(block[2:]).cast("b")[start : start + 16]]
    low = max(0.0, -min(values))
    return values, max(0.0, *values) + low, low


def key_outliers(good: Gguf, target: Path) -> Path:
    """Not a fault: a few values of every key are large and their partners in the query small, so all sums stay.

    Some families are made this way. Their keys need a cache of eight bits or more: four bits lose the small values.
    """
    head = good.metadata["llama.rope.dimension_count"]

    def edit(tensor: Tensor, content: bytearray) -> None:
        factor = {"attn_k.weight": OUTLIER_FACTOR, "attn_q.weight": 1 / OUTLIER_FACTOR}.get(
            tensor.name.partition(".")[2].partition(".")[2]
        )
        if factor is None or tensor.kind != Q8_0:
            return
        row_bytes = tensor.shape[0] // 32 * BLOCK_BYTES
        for row in range(tensor.shape[1]):
            if row % head in OUTLIERS:
                for at in range(row * row_bytes, (row + 1) * row_bytes, BLOCK_BYTES):
                    (scale,) = SCALE.unpack_from(content, at)
                    SCALE.pack_into(content, at, scale * factor)

    return write(good, target, edit=edit)
