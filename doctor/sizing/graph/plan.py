"""What a graph is built from: the model's blocks, where they lie, and what the program asks for."""

from collections.abc import Hashable, Mapping
from functools import lru_cache
from typing import NamedTuple

from doctor.sizing.graph import tensor
from doctor.sizing.graph.backends import BACKENDS, packs
from doctor.sizing.graph.families import Family
from doctor.sizing.graph.sound import NoGraph
from doctor.sizing.graph.tensor import Graph, Tensor, input_leaf
from doctor.sizing.settings import NEWER_BUILD, QUANTISED, Settings
from doctor.sizing.shape import EXPERTS, Layer, Shape, Weight

SPARSE_BLOCKS = 10  # leading blocks of Gemma 3n whose activations are thinned out
TURN = 64  # elements that are turned together
SMALL_BATCH = 32  # below it, norms are held on the device of their block


class Cache(NamedTuple):
    """What attention of one kind reads and writes beside the cache itself."""

    cells: int
    k_places: Tensor
    v_places: Tensor
    mask: Tensor
    k_turn: Tensor | None
    v_turn: Tensor | None


class Plan:
    """One graph in the making."""

    def __init__(
        self, shape: Shape, settings: Settings, family: Family, *, cells: Mapping[str, int], tokens: int, outputs: int
    ) -> None:
        self.shape, self.settings, self.family, self.graph = shape, settings, family, Graph()
        self.slots = settings.slots
        self.tokens = -(-tokens // self.slots) * self.slots
        self.outputs = outputs
        self.streams = 1 if settings.kv_unified else self.slots
        self.cells = cells
        self.flash = settings.flash_attention
        self.mixes = settings.build >= NEWER_BUILD
        self.placement: list[int] = []  # backend of each block of the model
        self.head_home = self.cpu = 0
        self.pin_norms = False
        self.packs = packs(settings)
        self.overlaps = False  # several devices work on several batches at once
        self.caches: dict[str, Cache] = {}
        self.inputs: dict[str, Tensor] = {}
        self.weights: dict[tuple[int, str, int], Tensor] = {}
        self.numbers: list[int] = []  # of the blocks that are built
        self.index = self.number = 0  # of the block that is being built: place in the graph, and in the model
        self.layer: Layer = shape.layers[0] if shape.layers else Layer(attention="none")

    @property
    def home(self) -> int:
        """Backend of the block that is being built."""
        return self.placement[self.number]

    @property
    def cache_home(self) -> int:
        """Backend of the cache that the block reads."""
        return self.home_of(self.layer.lender) if self.layer.lender >= 0 else self.home

    def home_of(self, number: int) -> int:
        """Backend of a block by its number in the model."""
        return self.placement[number]

    def key(self, number: int) -> tuple[Hashable, ...]:
        """What makes a block's part of the graph: blocks with the same key have the same."""
        layer, shape = self.shape.layers[number], self.shape
        every = shape.number("rescale_every_n_layers") or 1
        staged = self.placement[number] == self.cpu and self.cpu and BACKENDS[self.settings.backend].staged
        return (
            kinds(shape)[number],
            tuple(sorted((name, weight.bytes) for name, weight in layer.tensors.items())) if staged else (),
            self.placement[number],
            bool(self.shape.experts) and self.settings.experts_on_host(number),
            self.placement[layer.lender] if layer.lender >= 0 else -1,
            self.family.rope in ("step", "first") and (number + (self.family.rope == "step")) % 4 == 0,
            number < shape.number("n_deepstack_layers"),
            number < SPARSE_BLOCKS and self.family.blocks == "gemma3n",
            (number + 1) % every == 0,
            number == 0 and self.family.blocks == "rwkv",
        )

    @property
    def width(self) -> int:
        """Elements of the residual stream."""
        return self.shape.embedding_length

    @property
    def last(self) -> bool:
        """Whether this is the last block."""
        return self.index == len(self.numbers) - 1

    def enter(self, index: int, number: int) -> None:
        """Begin a block: its place in the graph, and its number in the model."""
        self.index, self.number, self.layer = index, number, self.shape.layers[number]

    def has(self, name: str) -> bool:
        """Whether the block has this tensor."""
        return name in self.layer.tensors

    def weight(self, name: str) -> Tensor:
        """A tensor of the block that is being built."""
        on_host = EXPERTS.match(name) and self.settings.experts_on_host(self.number)
        return self._stored(self.layer.tensors, name, self.cpu if on_host else self.home, self.number)

    def maybe(self, name: str) -> Tensor | None:
        """The same, or nothing."""
        return self.weight(name) if name in self.layer.tensors else None

    def outside(self, name: str, home: int) -> Tensor:
        """A tensor outside the blocks."""
        return self._stored(self.shape.outside, name, home, -1)

    def _stored(self, tensors: Mapping[str, Weight], name: str, home: int, number: int) -> Tensor:
        key = (number, name, home)
        if key not in self.weights:
            found = tensors.get(name)
            if found is None:
                raise NoGraph(f"there is no {name}")
            self.weights[key] = made = tensor.weight(home, found.bytes, found.shape)
            made.is_packed = self.packs and home == self.cpu and found.packed_bytes > 0
        return self.weights[key]

    def input(self, name: str, kind: str, *ne: int) -> Tensor:
        """An input that all blocks share."""
        if name not in self.inputs:
            self.inputs[name] = input_leaf(kind, *ne)
        return self.inputs[name]

    def positions(self) -> Tensor:
        """Where each token stands; four numbers each where pictures have places as well."""
        return self.input("positions", "i32", self.tokens * self.family.places)

    def rope(self, x: Tensor) -> Tensor:
        """Turned by position, with the factors that the file has for it: `get_rope_factors`.

        Those for long contexts lie where those for short ones do.
        """
        outside = self.shape.outside
        name = "rope_factors_short.weight"
        if "rope_freqs.weight" in outside:
            windowed = self.family.blocks == "gemma4" and self.layer.reads == "window"
            name = "" if windowed else "rope_freqs.weight"
        return tensor.like("ROPE", x, self.positions(), self.outside(name, self.home) if name in outside else None)

    def output_rows(self) -> Tensor:
        """Which tokens' results are wanted."""
        return self.input("outputs", "i32", self.outputs)

    def cache(self, kind: str) -> Cache:
        """Inputs of attention over a cache, made once for each kind of block."""
        if kind not in self.caches:
            cells = self.cells[kind]
            rows = self.tokens * (1 if self.flash else self.shape.v_width_most)
            mask = input_leaf("f16" if self.flash else "f32", cells, self.tokens // self.streams, 1, self.streams)
            k_turn, v_turn = turns(self.shape, self.settings, kind)
            self.caches[kind] = Cache(
                cells=cells,
                k_places=input_leaf("i64", self.tokens),
                v_places=input_leaf("i64", rows),
                mask=mask,
                k_turn=input_leaf("f32", k_turn, k_turn) if k_turn else None,
                v_turn=input_leaf("f32", v_turn, v_turn) if v_turn else None,
            )
        return self.caches[kind]


@lru_cache(maxsize=8)
def kinds(shape: Shape) -> tuple[int, ...]:
    """A number for each block of the model, the same for blocks of the same kind."""
    numbers: dict[Hashable, int] = {}
    return tuple(numbers.setdefault(layer.kind, len(numbers)) for layer in shape.layers)


def turns(shape: Shape, settings: Settings, kind: str) -> tuple[int, int]:
    """Sizes of the matrices that turn keys and values before they are quantised, 0 for none.

    Source: `build_input_k_rot` in llama.cpp `src/llama-kv-cache.cpp` (b10566).
    """
    layers = [layer for layer in shape.layers if layer.attention == kind]
    k_lengths, v_lengths = {layer.k_length for layer in layers}, {layer.v_length for layer in layers}
    k_turn = v_turn = 0
    if settings.kv_type_k in QUANTISED and len(k_lengths) == 1 and not shape.layers[0].k_length % TURN:
        (length,) = k_lengths
        k_turn = TURN
        while length and length % (2 * k_turn) == 0:
            k_turn *= 2
    if settings.kv_type_v in QUANTISED and len(v_lengths) == 1 and not shape.layers[0].v_length % TURN:
        v_turn = 0 if shape.mla_rank else TURN
    return k_turn, v_turn
