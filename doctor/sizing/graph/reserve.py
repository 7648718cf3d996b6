"""The compute buffers of a model: its graph is built, scheduled and allocated as llama.cpp does before it starts."""

import gc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from doctor.sizing.graph.allocator import Move, Tracer, play, sized
from doctor.sizing.graph.backends import BACKENDS, Backend
from doctor.sizing.graph.model import build
from doctor.sizing.graph.plan import Plan
from doctor.sizing.graph.repeats import stand_ins
from doctor.sizing.graph.scheduler import order
from doctor.sizing.graph.sound import MAX_BUILT, NoGraph, check
from doctor.sizing.graph.tensor import Tensor


class Trace(NamedTuple):
    """What is taken and given back by the parts that were built, and which of them stand for the parts of the model."""

    moves: Sequence[Sequence[Move]]
    parts: Sequence[int]
    backends: int


def trace(plan: Plan, *, every: bool = False) -> Trace:
    """Follow a graph for `ANY_CELLS`. Only blocks that differ are built, or every one.

    Raises NoGraph for what is no model.
    """
    check(plan.shape)
    numbers = range(len(plan.placement))
    built, played = (numbers, numbers) if every else stand_ins([plan.key(number) for number in numbers])
    if len(built) > MAX_BUILT:
        raise NoGraph("too many blocks of different kinds")
    plan.numbers = list(built)
    with _no_collection():
        moves = _moves(plan)
    return Trace(moves, [0, *(place + 1 for place in played), len(built) + 1], plan.cpu + 1)


def _moves(plan: Plan) -> Sequence[Sequence[Move]]:
    """Moves of each part of the graph."""
    build(plan)
    device = BACKENDS[plan.settings.backend]
    leafs, steps = order(plan.graph, plan.cpu, device.staged if plan.cpu else None, pipeline=plan.overlaps)
    tracer = Tracer(len(plan.numbers) + 2, _sizes(plan, [device] * plan.cpu + [BACKENDS["cpu"]]))
    tracer.walk(leafs, steps)
    return tracer.moves


@contextmanager
def _no_collection() -> Iterator[None]:
    """Look for no garbage meanwhile: a graph is many objects without cycles, and looking takes a third of the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def buffers(followed: Trace, cells: int) -> list[int] | None:
    """Bytes of each backend's compute buffer with this many cells, the processor's last; None as of `play`."""
    return play(sized(followed.moves, cells), followed.parts, followed.backends)


def _sizes(plan: Plan, backends: Sequence[Backend]) -> Callable[[Tensor, int], int]:
    """How large a result becomes on a backend."""

    def size_on(tensor: Tensor, backend: int) -> int:
        rules = backends[backend]
        size = tensor.bytes
        if rules.scratch:
            size += rules.scratch(tensor, plan.settings)
        return -(-size // rules.alignment) * rules.alignment

    return size_on
