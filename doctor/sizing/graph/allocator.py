"""Where tensors get their place: the rules of llama.cpp's graph allocator, and how large buffers become.

Semantics: `ggml/src/ggml-alloc.c` (b10566): best fit among freed blocks, the open end last; results in place of a
source that nothing else needs; places freed after the last use. What is taken and given back, and when, does not depend
on where it lies: it is found once for each kind of block, and then played for all blocks.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from doctor.sizing.graph.repeats import BEFORE
from doctor.sizing.graph.tensor import Tensor
from doctor.sizing.settings import PAD

IN_PLACE = frozenset(
    {
        *("ADD", "ADD_ID", "DIV", "FILL", "MUL", "RMS_NORM", "ROPE", "SCALE", "SOFT_MAX", "SQR", "SQRT", "SUB"),
        "UNARY",
    }
)


class Step(NamedTuple):
    """One entry of the order of execution: a tensor that is made, or only sources that must live until here."""

    tensor: Tensor | None
    backend: int
    sources: Sequence[Tensor]
    part: int  # of the graph: 0 before the blocks, then one for each block, the last behind them


class Move(NamedTuple):
    """A place in a backend's buffer that is taken or given back; it goes by the part that took it and a number there.

    Places of no size count: giving one back may leave a mark that keeps free blocks apart. `size` is in bytes, with
    `ANY_CELLS` of cache.
    """

    gives: bool
    backend: int
    size: int
    part: int
    number: int


Places = list[tuple[int, int]]  # offset and size of what a part took

# Sizes grow with the cells of the cache in a line: fixed bytes, and bytes for each block of `PAD` cells. A graph for
# this many blocks, far more than there are fixed bytes (which may be below zero), has both in one number.
ANY_BLOCKS = 1 << 44
ANY_CELLS = ANY_BLOCKS * PAD


class Pool:
    """One backend's buffer: its free blocks as [offset, size], the last one open."""

    __slots__ = ("blocks", "peak")

    def __init__(self) -> None:
        self.blocks: list[list[int]] = [[0, 1 << 62]]
        self.peak = 0

    def take(self, size: int) -> int:
        """The offset of a new place."""
        blocks = self.blocks
        best, best_size = -1, 1 << 63
        for index in range(len(blocks) - 1):
            free = blocks[index][1]
            if size <= free <= best_size:
                best, best_size = index, free
        block = blocks[best]
        offset = block[0]
        block[0] += size
        block[1] -= size
        if not block[1]:
            del blocks[best]
        self.peak = max(self.peak, offset + size)
        return offset

    def give(self, offset: int, size: int) -> None:
        """Free a place, joined with free blocks beside it."""
        blocks = self.blocks
        end = offset + size
        for index, block in enumerate(blocks):
            if block[0] + block[1] == offset:
                block[1] += size
                following = blocks[index + 1] if index + 1 < len(blocks) else None
                if following and block[0] + block[1] == following[0]:
                    block[1] += following[1]
                    del blocks[index + 1]
                return
            if block[0] == end:
                block[0] = offset
                block[1] += size
                return
            if block[0] > offset:
                blocks.insert(index, [offset, size])
                return


class Tracer:
    """Finds what is taken and given back, part by part. `size_on` gives a result's bytes in a backend's buffer."""

    def __init__(self, parts: int, size_on: Callable[[Tensor, int], int]) -> None:
        self.size_on = size_on
        self.moves: list[list[Move]] = [[] for _ in range(parts)]
        self.taken = [0] * parts
        self.part = 0

    def walk(self, leafs: Sequence[tuple[Tensor, int]], steps: Sequence[Step]) -> None:
        """Follow the steps; `leafs` are allocated first and stay until they are used."""
        for tensor, backend in leafs:
            self._allocate(tensor, backend)
        for step in steps:
            if step.tensor is not None and step.tensor.root is not None:
                step.tensor.root.views += 1
            for source in step.sources:
                source.children += 1
        for made, backend, sources, part in steps:
            self.part = part
            if made is not None:
                self._allocate(made, backend)
            for source in sources:
                self._release(source)

    def _allocate(self, tensor: Tensor, backend: int) -> None:
        """Give a tensor a place, that of a source if it may."""
        if tensor.place is not None or tensor.home is not None or tensor.root is not None:
            return
        if tensor.op in IN_PLACE and _take_over(tensor):
            return
        tensor.place = Move(False, backend, self.size_on(tensor, backend), self.part, self.taken[self.part])
        self.taken[self.part] += 1
        self.moves[self.part].append(tensor.place)

    def _release(self, source: Tensor) -> None:
        """Count one use less; free what nothing needs any more."""
        source.children -= 1
        if source.children or source.views:
            return
        owner = source
        if source.root is not None:
            owner = source.root
            owner.views -= 1
            if owner.views or owner.children:
                return
        if owner.place is not None and not owner.is_output:
            self.moves[self.part].append(owner.place._replace(gives=True))
            owner.place, owner.freed = None, True


def _take_over(tensor: Tensor) -> bool:
    """Put the result where a source is that nothing else needs. Views are never taken over."""
    for source in tensor.sources:
        if source.place is None or source.is_output or source.children != 1 or source.views:
            continue
        if source.ne == tensor.ne and source.nb == tensor.nb and source.kind == tensor.kind:
            tensor.place = source.place
            source.place, source.freed = None, True
            return True
    return False


def sized(moves: Sequence[Sequence[Move]], cells: int) -> list[list[Move]]:
    """The same moves for this many cells, whole blocks of them, in place of `ANY_CELLS`."""
    less, half = ANY_BLOCKS - cells // PAD, ANY_BLOCKS // 2
    return [
        [
            move if move.size < half else move._replace(size=move.size - (move.size + half) // ANY_BLOCKS * less)
            for move in row
        ]
        for row in moves
    ]


def play(moves: Sequence[Sequence[Move]], parts: Sequence[int], backends: int) -> list[int] | None:
    """Bytes of each backend's buffer when parts are played in this order, each by the moves of one that is alike.

    A place taken within `BEFORE` parts was taken by the like part as far back, another one by the first like part. None
    where the parts do not fit together: something is given back that was never taken.
    """
    pools = [Pool() for _ in range(backends)]
    places: list[Places] = []  # of each part
    first_played = {part: at for at, part in reversed(list(enumerate(parts)))}
    before: list[list[list[int]]] = []  # free blocks as the part before found them
    for at, part in enumerate(parts):
        found = [[block[:] for block in pool.blocks] for pool in pools]
        if at > BEFORE and parts[at - 1] == part and found == before and _all_as_before(places):
            places.append(places[-1])  # it would find what the one before it found, and leave what that left
            continue
        before = found
        mine: Places = []
        places.append(mine)
        for gives, backend, size, origin, number in moves[part]:
            if not gives:
                mine.append((pools[backend].take(size), size))
                continue
            back = part - origin
            held = places[at - back if back <= BEFORE else first_played[origin]]
            if number >= len(held) or held[number][1] != size:
                return None
            pools[backend].give(*held[number])
    return [pool.peak for pool in pools]


def _all_as_before(places: Sequence[Places]) -> bool:
    """Whether each of the last parts holds the places of the one before it, as far back as a part may reach."""
    return all(places[-back] == places[-back - 1] for back in range(1, BEFORE + 1))
