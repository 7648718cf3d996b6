"""Which backend runs a node (0 GPU, 1 processor) and what is copied, on graphs small enough to follow by hand."""

from doctor.sizing.graph.scheduler import COPIES, order
from doctor.sizing.graph.tensor import Graph, input_leaf, like, mul_mat, permute, view, weight

CPU = 1


def matrix(home, packed=False):
    made = weight(home, 1000, (8, 8))
    made.is_packed = packed
    return made


def ordered(result, staged=None, *, pipeline=False):
    """Leafs and steps of a graph."""
    graph = Graph()
    graph.expand(result)
    graph.end_part()
    return order(graph, CPU, staged, pipeline=pipeline)


def made(steps):
    """Operation and backend of each result; a copy has no operation."""
    return [(step.tensor.op, step.backend) for step in steps if step.tensor is not None]


def test_a_product_runs_where_its_matrix_is():
    x = input_leaf("f32", 8, 4)
    _, steps = ordered(mul_mat(matrix(0), mul_mat(matrix(CPU), x)))
    assert made(steps) == [("MUL_MAT", CPU), ("", 0), ("MUL_MAT", 0)]


def test_what_has_no_weights_follows_what_is_before_it():
    x = input_leaf("f32", 8, 4)
    _, steps = ordered(like("UNARY", mul_mat(matrix(0), x)))
    assert made(steps) == [("", 0), ("MUL_MAT", 0), ("UNARY", 0)]


def test_a_batch_brings_the_weights_of_the_host_to_the_gpu():
    x = input_leaf("f32", 8, 64)
    _, steps = ordered(mul_mat(matrix(CPU), x), staged=lambda node: node.ne[1] >= 32)
    copied = [step.tensor.bytes for step in steps if step.tensor is not None and not step.tensor.op]
    assert made(steps)[-1] == ("MUL_MAT", 0)
    assert 1000 in copied


def test_a_small_batch_goes_to_the_weights():
    x = input_leaf("f32", 8, 4)
    _, steps = ordered(mul_mat(matrix(CPU), x), staged=lambda node: node.ne[1] >= 32)
    assert made(steps) == [("MUL_MAT", CPU)]


def test_packed_weights_stay_where_they_are():
    x = input_leaf("f32", 8, 64)
    _, steps = ordered(mul_mat(matrix(CPU, packed=True), x), staged=lambda _: True)
    assert made(steps) == [("MUL_MAT", CPU)]


def test_the_tile_unit_takes_no_transposed_input():
    turned = permute(input_leaf("f32", 4, 8), 1, 0, 2, 3)
    _, steps = ordered(mul_mat(matrix(CPU, packed=True), turned), staged=None)
    assert ("MUL_MAT", 0) in made(steps)


def test_an_input_is_copied_once_for_all_nodes_of_a_part():
    x = input_leaf("f32", 8, 4)
    _, steps = ordered(like("ADD", mul_mat(matrix(0), x), mul_mat(matrix(0), x)))
    assert made(steps).count(("", 0)) == 1


def test_a_view_is_no_reason_for_a_copy():
    x = mul_mat(matrix(0), input_leaf("f32", 8, 4))
    _, steps = ordered(mul_mat(matrix(0), view(x, (8, 2), (32,))))
    assert made(steps).count(("", 0)) == 1


def test_each_batch_under_way_has_inputs_of_its_own():
    x = input_leaf("f32", 8, 4)
    leafs, steps = ordered(mul_mat(matrix(0), x), pipeline=True)
    backends = [backend for tensor, backend in leafs if tensor.ne == (8, 4, 1, 1)]
    assert (backends.count(0), set(backends)) == (COPIES, {0, CPU})
    assert backends.count(CPU) >= COPIES
    assert made(steps)[-1] == ("MUL_MAT", 0)
