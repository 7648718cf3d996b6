"""Which backend runs each node, and what must be copied between backends.

Semantics: `ggml_backend_sched_split_graph` in `ggml/src/ggml-backend.cpp` (b10566), for backends that run everything.
Backends are numbered: devices from 0, the processor last.
"""

from collections.abc import Callable

from doctor.sizing.graph.allocator import Step
from doctor.sizing.graph.tensor import UNASSIGNED, Graph, Tensor

VIEWS = frozenset({"VIEW", "RESHAPE", "PERMUTE", "TRANSPOSE"})
# Their weights are too small to decide where they run.
NOT_BY_WEIGHT = frozenset({"ROPE", "FLASH_ATTN_EXT"})
MAX_SPLIT_INPUTS = 30
COPIES = 4  # of each input when the layers of several devices work at once (GGML_SCHED_MAX_COPIES)
Staged = Callable[[Tensor], bool]  # whether a device runs a node whose weights are on the host


def order(
    graph: Graph, cpu: int, staged: Staged | None, *, pipeline: bool
) -> tuple[list[tuple[Tensor, int]], list[Step]]:
    """Leafs and steps for the allocator, each with its backend."""
    _assign(graph, cpu, staged)
    split = _Split(COPIES if pipeline else 1)
    number = 0
    for at, node in enumerate(graph.nodes):
        while at >= graph.parts[number]:
            number += 1
        split.add(node, number)
    split.end()
    return [*split.first, *split.later, *((leaf, leaf.backend) for leaf in graph.leafs)], split.steps


def _assign(graph: Graph, cpu: int, staged: Staged | None) -> None:
    """Give every tensor a backend: by its buffer or weights first, then by its neighbours."""
    for leaf in graph.leafs:
        if leaf.is_input:
            leaf.backend = cpu
    for node in graph.nodes:
        if node.backend == UNASSIGNED:
            node.backend = _by_buffers(node, cpu, staged)
    nodes = [node for node in graph.nodes if node.op not in VIEWS]
    backwards = nodes[::-1]
    for skipped in (cpu, UNASSIGNED):
        _spread(nodes, cpu, skipped=skipped)
        _spread(backwards, cpu, skipped=skipped)
    for node in nodes:
        if node.backend == UNASSIGNED:
            node.backend = 0
    _follow_sources(graph)


def _follow_sources(graph: Graph) -> None:
    """Views are where their tensors are, and what nothing else has placed is where it is used."""
    for node in graph.nodes:
        if node.backend == UNASSIGNED and node.root is not None:
            node.backend = node.root.backend
        for source in node.sources:
            if source.backend == UNASSIGNED:
                source.backend = node.backend if source.root is None else source.root.backend


def _by_buffers(node: Tensor, cpu: int, staged: Staged | None) -> int:
    if node.root is not None and node.root.home is not None:
        return node.root.home
    if node.op in NOT_BY_WEIGHT:
        return UNASSIGNED
    for source in node.sources:
        if source.is_weight and source.home is not None:
            if not _runs(node, cpu, cpu) and source.home == cpu:
                return UNASSIGNED
            if staged and source.home == cpu and not source.is_packed and staged(node):
                return 0
            return source.home
    return UNASSIGNED


def _spread(nodes: list[Tensor], cpu: int, *, skipped: int) -> None:
    """Nodes without a backend get that of the one before, except the one that is skipped."""
    current = UNASSIGNED
    for node in nodes:
        if node.backend != UNASSIGNED:
            current = UNASSIGNED if node.backend == skipped else node.backend
        elif current != UNASSIGNED and _runs(node, current, cpu):
            node.backend = current


def _runs(node: Tensor, backend: int, cpu: int) -> bool:
    """Whether a backend can run a node: the processor's tile unit takes no transposed input."""
    if backend != cpu or node.op != "MUL_MAT" or not node.sources[0].is_packed:
        return True
    return node.sources[1].contiguous


class _Split:
    """Nodes cut where the backend changes; what a part needs from elsewhere is copied at its start."""

    def __init__(self, copies: int) -> None:
        self.copies = copies
        self.made: dict[tuple[int, int], Tensor] = {}
        self.first: list[tuple[Tensor, int]] = []  # copies that the allocator places before everything
        self.later: list[tuple[Tensor, int]] = []
        self.steps: list[Step] = []
        self.part: list[Step] = []
        self.inputs: list[Step] = []
        self.current = UNASSIGNED
        self.count = self.capacity = self.began = 0

    def add(self, node: Tensor, number: int) -> None:
        """Take the next node, of this part of the graph."""
        backend, sources = node.backend, node.sources
        if node.op in VIEWS:
            self.part.append(Step(node, backend, sources, number))
            return
        if self.current == UNASSIGNED:
            self.current = backend
        if backend != self.current or (self.count and self._needs_part(node, backend)):
            self.end()
            self.current, self.began = backend, number
        if self.copies > 1:
            self._multiply(sources)
        if not all(source.backend == backend or _there(source, backend) for source in sources):
            node.sources = sources = [self._here(source, backend) for source in sources]
        self.part.append(Step(node, backend, sources, number))

    def end(self) -> None:
        """Close the part: its copies come before its nodes."""
        self.steps += self.inputs + self.part
        self.part, self.inputs, self.count, self.capacity = [], [], 0, 0

    def _needs_part(self, node: Tensor, backend: int) -> bool:
        """Whether a node's weights must be copied, so that the place of those copied before can be used again."""
        full = self.count >= self.capacity
        for source in node.sources:
            foreign = source.backend != backend and not _there(source, backend)
            if foreign and (source.is_weight or (full and (id(source), backend) not in self.made)):
                return True
        return False

    def _multiply(self, sources: list[Tensor]) -> None:
        """Inputs are kept once for each batch that is under way."""
        for source in sources:
            if source.is_input and (id(source), source.backend) not in self.made:
                self.made[id(source), source.backend] = source
                source.is_output = True
                self.first.append((source, source.backend))
                self.first += [(_copy(source, kept=True), source.backend) for _ in range(self.copies - 1)]

    def _here(self, source: Tensor, backend: int) -> Tensor:
        """The source where the backend can use it: itself, or a copy."""
        if source.backend == backend or _there(source, backend):
            return source
        copied = self.made.get((id(source), backend))
        if copied is not None:
            return copied
        copied = self.made[id(source), backend] = _copy(source, kept=self.copies > 1)
        if self.count >= self.capacity:
            self.capacity = 2 * self.capacity or MAX_SPLIT_INPUTS
        self.count += 1
        self.inputs += [Step(None, source.backend, [source], self.began), Step(copied, backend, [], self.began)]
        if self.copies > 1:
            self.later.append((copied, backend))
            self.later += [(_copy(source, kept=True), backend) for _ in range(self.copies - 1)]
        return copied


def _there(tensor: Tensor, backend: int) -> bool:
    """Whether a tensor lies in a buffer that the backend can use."""
    owner = tensor.root or tensor
    return (owner.home if owner.home is not None else tensor.backend) == backend


def _copy(tensor: Tensor, *, kept: bool) -> Tensor:
    """A tensor of the same layout for another backend."""
    made = Tensor("", tensor.kind, tensor.ne, [], tensor.nb)
    made.bytes = tensor.extent
    made.is_output = kept
    return made
