"""Most blocks of a model are alike: which must be built, and which of those stands for each of the others.

What a block does to the allocator depends on its own kind, on its neighbours, and on whether it is the first or last of
its kind, where inputs are used for the first or last time. A block is built unless one with all of that equal is.
"""

from collections.abc import Hashable, Sequence

# Neighbours that a block's part of the graph may depend on: results are passed on over two blocks, and the places of
# results are numbered by all that those two took, which depends on two more and, at a change of kind, on a third.
BEFORE, AFTER = 5, 2


def stand_ins(keys: Sequence[Hashable]) -> tuple[list[int], list[int]]:
    """Numbers of the blocks to build, and for each block of the model which of those, by place, stands for it."""
    numbers: dict[Hashable, int] = {}
    windows = _windows([numbers.setdefault(key, len(numbers)) for key in keys])
    built: list[int] = []
    skipped: list[int] = []
    known: set[Hashable] = set()
    for at, window in enumerate(windows):
        if window in known:
            skipped.append(at)
            continue
        built += _needed(skipped, windows)
        skipped = []
        built.append(at)
        known.add(window)
    built += _needed(skipped, windows)
    place_of = {windows[number]: place for place, number in reversed(list(enumerate(built)))}
    place_of_number = {number: place for place, number in enumerate(built)}
    return built, [place_of_number.get(at, place_of[window]) for at, window in enumerate(windows)]


def _windows(keys: Sequence[int]) -> list[Hashable]:
    """Each block's kind with that of its neighbours."""
    last = {key: at for at, key in enumerate(keys)}
    first = {key: at for at, key in reversed(list(enumerate(keys)))}
    marked = [(key, first[key] == at, last[key] == at) for at, key in enumerate(keys)]
    return [(at < BEFORE, *marked[max(0, at - BEFORE) : at + AFTER + 1]) for at in range(len(keys))]


def _needed(skipped: list[int], windows: list[Hashable]) -> list[int]:
    """Of skipped blocks, those that lead up to the next one that is built.

    The first of the rest must have the same window as the first skipped one, whose place it takes.
    """
    for at in reversed(skipped):
        if windows[at] == windows[skipped[0]]:
            return [number for number in skipped if number >= at]
    return []
