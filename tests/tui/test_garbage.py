"""Garbage of a long sitting: what was found alive is left to itself, and all is collected while nobody is there."""

import gc
import weakref

import pytest

from doctor.tui.garbage import ABSENT_S, BETWEEN_S, USUAL, Absence, collect_as_usual, collect_in_pieces


class Node:
    """A part of a circle, which only the collector can free."""

    def __init__(self):
        self.me = self


@pytest.fixture
def in_pieces():
    collect_in_pieces()
    yield
    collect_as_usual()


def absence(now):
    return Absence(lambda: now[0])


def test_what_a_collection_found_alive_is_not_gone_through_again(in_pieces):
    kept = [Node() for _ in range(1000)]
    gc.collect()
    assert not any(isinstance(found, Node) for found in gc.get_objects())
    assert len(kept) == 1000


def test_young_garbage_is_still_freed(in_pieces):
    gone = weakref.ref(Node())
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(("later_s", "used"), [(ABSENT_S, False), (BETWEEN_S - 1, False), (BETWEEN_S, True)])
def test_old_garbage_is_freed_while_nobody_is_there(in_pieces, later_s, used):
    now = [0.0]
    away = absence(now)
    node = Node()
    gc.collect()
    gone = weakref.ref(node)
    del node
    gc.collect()
    assert gone() is not None
    now[0] = later_s
    assert (away.use(), gone() is None) == (used, used)


def test_somebody_who_is_there_does_not_wait():
    now = [BETWEEN_S]
    away = absence(now)
    now[0] = 2 * BETWEEN_S
    away.touched()
    now[0] += ABSENT_S - 1
    assert not away.use()
    now[0] += 1
    assert away.use()
    now[0] += ABSENT_S
    assert not away.use()


def test_afterwards_python_collects_as_usual():
    collect_in_pieces()
    collect_in_pieces()
    collect_as_usual()
    assert gc.get_threshold() == USUAL
    assert gc.get_freeze_count() == 0
