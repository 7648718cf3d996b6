"""The rules by which places are taken and given back, on graphs small enough to follow by hand."""

import pytest

from doctor.sizing.graph.allocator import ANY_CELLS, Move, Pool, Step, Tracer, play, sized
from doctor.sizing.graph.tensor import Graph, input_leaf, like, make, view


def moves_of(*results, outputs=()):
    """Moves of a graph on one backend, as (gives, number of floats)."""
    graph = Graph()
    for result in results:
        graph.expand(result)
    for result in outputs:
        result.is_output = True
    tracer = Tracer(1, lambda tensor, _: tensor.bytes // 4)
    leafs = [(leaf, 0) for leaf in graph.leafs]
    tracer.walk(leafs, [Step(node, 0, node.sources, 0) for node in graph.nodes])
    return [(move.gives, move.size) for move in tracer.moves[0]]


def test_a_place_is_the_smallest_that_holds_it():
    pool = Pool()
    places = [pool.take(size) for size in (100, 10, 40, 10)]
    assert places == [0, 100, 110, 150]
    pool.give(0, 100)
    pool.give(110, 40)
    assert pool.take(30) == 110
    assert pool.take(30) == 0
    assert pool.take(200) == 160
    assert pool.peak == 360


def test_free_places_side_by_side_become_one():
    pool = Pool()
    for size in (10, 10, 10):
        pool.take(size)
    for offset in (0, 20, 10):
        pool.give(offset, 10)
    assert pool.blocks == [[0, 1 << 62]]
    assert pool.take(30) == 0


def test_a_sum_takes_the_place_of_what_nothing_else_needs():
    x, y = input_leaf("f32", 8), input_leaf("f32", 8)
    total = like("ADD", x, y)
    assert moves_of(total, outputs=(total,)) == [(False, 8), (False, 8), (True, 8)]


def test_a_source_that_is_needed_again_keeps_its_place():
    x = input_leaf("f32", 8)
    squared = like("SQR", x)
    total = like("ADD", squared, x)
    assert moves_of(total, outputs=(total,)) == [(False, 8), (False, 8), (True, 8)]


@pytest.mark.parametrize(("op", "places"), [("ADD", 1), ("MUL_MAT", 2)])
def test_only_some_operations_write_over_their_source(op, places):
    x = input_leaf("f32", 8)
    y = like(op, x)
    assert [gives for gives, _ in moves_of(y, outputs=(y,))].count(False) == places


def test_a_view_keeps_what_it_looks_at():
    x = input_leaf("f32", 8)
    part = view(x, (4,))
    result = make("MUL_MAT", "f32", (2,), part)
    later = make("MUL_MAT", "f32", (3,), part)
    assert moves_of(result, later, outputs=(result, later)) == [(False, 8), (False, 2), (False, 3), (True, 8)]


def test_an_output_is_never_given_back():
    x = input_leaf("f32", 8)
    kept = make("MUL_MAT", "f32", (6,), x)
    result = make("MUL_MAT", "f32", (2,), kept)
    assert (True, 6) not in moves_of(result, outputs=(kept, result))


def test_sizes_grow_with_the_cells():
    sizes = (100, 3 * ANY_CELLS + 100, ANY_CELLS // 64 + 100, 2 * ANY_CELLS - 30)
    moves = [Move(False, 0, size, 0, 0) for size in sizes]
    assert [move.size for move in sized([moves], 1024)[0]] == [100, 3 * 1024 + 100, 1024 // 64 + 100, 2 * 1024 - 30]


def test_a_part_is_played_for_all_that_are_like_it():
    """Each takes 10 and gives back what the one before it took: two lie there at once."""
    first, middle = [Move(False, 0, 10, 1, 0)], [Move(False, 0, 10, 2, 0), Move(True, 0, 10, 1, 0)]
    assert play([[], first, middle], [0, 1, 2, 2, 2], 1) == [20]


def test_parts_that_do_not_fit_together_are_noticed():
    takes_less = [Move(False, 0, 8, 1, 0)]
    gives = [Move(True, 0, 10, 1, 0)]
    assert play([[], takes_less, gives], [0, 1, 2], 1) is None
