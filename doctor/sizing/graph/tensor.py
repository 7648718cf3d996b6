"""Tensors of a compute graph and the operations that make them, with their sizes and sources but without numbers.

Semantics: llama.cpp `ggml/src/ggml.c` (b10566): shapes, strides, views and the order in which nodes are visited.
`ne` is the shape, first dimension contiguous; `nb` the strides in bytes.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from doctor.sizing.graph.allocator import Move

WIDTHS = {"f32": 4, "f16": 2, "i32": 4, "i64": 8}
Shape4 = tuple[int, int, int, int]
UNASSIGNED = -1


class Tensor:
    """A node or leaf of a graph. `home` is the backend whose buffer holds it already: weights and caches.

    `bytes` is -1 for views, which have no place of their own.
    """

    __slots__ = (
        "backend",
        "bytes",
        "children",
        "freed",
        "home",
        "is_input",
        "is_output",
        "is_packed",
        "is_weight",
        "kind",
        "nb",
        "ne",
        "op",
        "place",
        "root",
        "seen",
        "sources",
        "views",
    )

    def __init__(
        self,
        op: str,
        kind: str,
        ne: Shape4,
        sources: list["Tensor"],
        nb: Shape4 | None = None,
        root: "Tensor | None" = None,
    ) -> None:
        width = WIDTHS[kind]
        self.op, self.kind, self.ne, self.sources, self.root = op, kind, ne, sources, root
        if nb is None:
            row = width * ne[0]
            plane = row * ne[1]
            nb = (width, row, plane, plane * ne[2])
            self.bytes = plane * ne[2] * ne[3]
        else:
            self.bytes = -1
        self.nb = nb
        self.home: int | None = None
        self.backend = UNASSIGNED
        self.is_weight = self.is_packed = self.is_input = self.is_output = self.seen = self.freed = False
        self.children = self.views = 0
        self.place: Move | None = None

    @property
    def extent(self) -> int:
        """Bytes from the first to the last element."""
        if self.bytes >= 0:
            return self.bytes
        if not all(self.ne):
            return 0
        return WIDTHS[self.kind] + sum((count - 1) * step for count, step in zip(self.ne, self.nb, strict=True))

    @property
    def contiguous(self) -> bool:
        """Whether elements lie one after the other."""
        ne, nb, step = self.ne, self.nb, WIDTHS[self.kind]
        for count, stride in zip(ne, nb, strict=True):
            if count != 1 and stride != step:
                return False
            step *= count
        return True


class Graph:
    """A graph as it grows: tensors are made freely, `expand` puts what a tensor needs into the order of execution."""

    def __init__(self) -> None:
        self.nodes: list[Tensor] = []
        self.leafs: list[Tensor] = []
        self.parts: list[int] = []  # number of nodes at the end of each part

    def end_part(self) -> None:
        """What comes next belongs to the next part: the start, a block each, the end."""
        self.parts.append(len(self.nodes))

    def expand(self, tensor: Tensor) -> None:
        """Append the tensor and everything it needs that is not in the graph yet, sources first."""
        if tensor.seen:
            return
        tensor.seen = True
        for source in tensor.sources:
            if not source.seen:
                self.expand(source)
        if tensor.op:
            self.nodes.append(tensor)
        elif tensor.home is None:
            self.leafs.append(tensor)


def leaf(kind: str, *ne: int) -> Tensor:
    """A tensor that no operation makes."""
    return Tensor("", kind, padded(ne), [])


def input_leaf(kind: str, *ne: int) -> Tensor:
    """What the program writes before the graph runs."""
    tensor = leaf(kind, *ne)
    tensor.is_input = True
    return tensor


def weight(home: int, bytes_: int, ne: Sequence[int]) -> Tensor:
    """A tensor of the model in a backend's buffer."""
    tensor = leaf("f32", *ne)
    tensor.bytes, tensor.home, tensor.backend, tensor.is_weight = bytes_, home, home, True
    return tensor


def cached(home: int, kind: str, *ne: int) -> Tensor:
    """Part of a cache or of a recurrent state in a backend's buffer."""
    tensor = leaf(kind, *ne)
    tensor.home = tensor.backend = home
    return tensor


def padded(ne: Iterable[int]) -> Shape4:
    """Four dimensions."""
    full = (*ne, 1, 1, 1, 1)
    return full[0], full[1], full[2], full[3]


def like(op: str, a: Tensor, *more: Tensor | None) -> Tensor:
    """An operation whose result has the shape of its first source: additions, norms, rotations."""
    return Tensor(op, a.kind, a.ne, [a, *[t for t in more if t is not None]])


def make(op: str, kind: str, ne: Sequence[int], *sources: Tensor | None) -> Tensor:
    """An operation with a result of its own shape."""
    return Tensor(op, kind, padded(ne), [t for t in sources if t is not None])


def mul_mat(weight: Tensor, x: Tensor) -> Tensor:
    """A matrix product: rows of `weight` by rows of `x`."""
    return Tensor("MUL_MAT", "f32", (weight.ne[1], x.ne[1], x.ne[2], x.ne[3]), [weight, x])


def mul_mat_id(weights: Tensor, x: Tensor, ids: Tensor) -> Tensor:
    """Products with the experts that `ids` names."""
    return Tensor("MUL_MAT_ID", "f32", (weights.ne[1], ids.ne[0], x.ne[2], 1), [weights, x, ids])


def get_rows(a: Tensor, ids: Tensor) -> Tensor:
    """Rows of `a` by their numbers."""
    kind = "i32" if a.kind == "i32" else "f32"
    return Tensor("GET_ROWS", kind, (a.ne[0], ids.ne[0], ids.ne[1], ids.ne[2]), [a, ids])


def set_rows(target: Tensor, rows: Tensor, ids: Tensor) -> Tensor:
    """Rows written into `target`, as a view of it."""
    return Tensor("SET_ROWS", target.kind, target.ne, [rows, ids, target], target.nb, target.root or target)


def copy(a: Tensor, target: Tensor) -> Tensor:
    """`a` written into `target`, as a view of it."""
    return Tensor("CPY", target.kind, target.ne, [a, target], target.nb, target.root or target)


def view(a: Tensor, ne: Sequence[int], nb: Sequence[int] = (), op: str = "VIEW") -> Tensor:
    """Part of a tensor; `nb` gives the strides after the first, the last one repeated."""
    full = padded(ne)
    steps = [a.nb[0], *nb]
    while len(steps) < 4:
        steps.append(steps[-1] * full[len(steps) - 1])
    return Tensor(op, a.kind, full, [a], (steps[0], steps[1], steps[2], steps[3]), a.root or a)


def reshape(a: Tensor, *ne: int) -> Tensor:
    """The same elements in another shape."""
    full = padded(ne)
    width = WIDTHS[a.kind]
    row = width * full[0]
    nb = (width, row, row * full[1], row * full[1] * full[2])
    return Tensor("RESHAPE", a.kind, full, [a], nb, a.root or a)


def permute(a: Tensor, *axes: int) -> Tensor:
    """Dimension i of `a` becomes dimension `axes[i]`."""
    ne, nb = [0] * 4, [0] * 4
    for old, new in enumerate(axes):
        ne[new], nb[new] = a.ne[old], a.nb[old]
    return Tensor("PERMUTE", a.kind, padded(ne), [a], (nb[0], nb[1], nb[2], nb[3]), a.root or a)


def transpose(a: Tensor) -> Tensor:
    """Rows become columns."""
    (n0, n1, n2, n3), (b0, b1, b2, b3) = a.ne, a.nb
    return Tensor("TRANSPOSE", a.kind, (n1, n0, n2, n3), [a], (b1, b0, b2, b3), a.root or a)


def cont(a: Tensor, *ne: int) -> Tensor:
    """A copy whose elements lie one after the other, in another shape when given."""
    return Tensor("CONT", a.kind, padded(ne) if ne else a.ne, [a])


def concat(a: Tensor, b: Tensor, dimension: int) -> Tensor:
    """Two tensors one after the other along a dimension."""
    ne = list(a.ne)
    ne[dimension] += b.ne[dimension]
    return Tensor("CONCAT", a.kind, padded(ne), [a, b])


def glu(a: Tensor, b: Tensor | None = None) -> Tensor:
    """A gated unit: of two tensors, or of the two halves of one."""
    if b is not None:
        return Tensor("GLU", a.kind, a.ne, [a, b])
    return Tensor("GLU", a.kind, (a.ne[0] // 2, *a.ne[1:]), [a])
