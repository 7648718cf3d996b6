"""What the memory and speed models need to know of a model: its blocks, widths and weights."""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

# Routed experts: `LLM_FFN_EXPS_REGEX` in llama.cpp `common/common.h` (b10566).
EXPERTS = re.compile(r"ffn_(?:up|down|gate|gate_up)_(?:ch)?exps")


class Weight(NamedTuple):
    """One tensor: its shape, the contiguous dimension first, and its size.

    `packed_bytes`: its size where the processor packs it for its tile unit (AMX), 0 when it never does.
    """

    shape: tuple[int, ...]
    bytes: int
    packed_bytes: int = 0

    @property
    def packing_bytes(self) -> int:
        """What packing adds."""
        return self.packed_bytes - self.bytes if self.packed_bytes else 0


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One block. `attention` is what its cache holds: "full", "window" or "none"; widths are elements per token.

    `reads` is the kind of cache that it looks at; `lender` the block whose cache that is, -1 its own. Tensors go by
    their names in the file, without the block's number.
    """

    attention: str
    reads: str = ""
    lender: int = -1
    k_width: int = 0
    v_width: int = 0
    heads: int = 0
    kv_heads: int = 0
    k_length: int = 0
    v_length: int = 0
    recurrent: bool = False
    state_bytes: int = 0  # recurrent state per slot, f32
    weight_bytes: int = 0
    expert_bytes: int = 0  # part of weight_bytes that is routed experts
    tensors: Mapping[str, Weight] = {}

    @property
    def kind(self) -> tuple[Any, ...]:
        """What the block is built from: blocks of the same kind do the same work."""
        shapes = tuple(sorted((name, weight.shape) for name, weight in self.tensors.items()))
        return (self.attention, self.reads, self.heads, self.kv_heads, self.k_length, self.v_length, shapes)

    @property
    def packing_bytes(self) -> int:
        """What AMX packing adds when this block runs on the CPU."""
        return sum(weight.packing_bytes for weight in self.tensors.values())


class Shape(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A model's dimensions. Byte counts are exact sums over the tensors of the file. A shape equals only itself."""

    architecture: str
    layers: tuple[Layer, ...]
    drafting: tuple[Layer, ...] = ()  # blocks that draft tokens: not loaded, but some families give them a cache
    embedding_length: int
    vocabulary: int
    experts: int = 0
    experts_used: int = 0
    window: int = 0
    trained_context: int = 0
    mla_rank: int = 0
    outside: Mapping[str, Weight] = {}  # tensors outside the blocks
    embedding_bytes: int = 0  # what is looked up by token and stays on the host
    first_bytes: int = 0  # outside the blocks, but placed with the first one
    output_bytes: int = 0  # the output head and norms outside the blocks, as placed with the last layer
    tied: bool = False  # the token embedding is the output head as well
    all_on_device: bool = False  # the runtime puts the embedding on the device as well (MLX, vLLM)
    numbers: Mapping[str, Any] = {}  # what else the file says in numbers, by its keys without the architecture
    elements: int = 0  # all weights
    name: str = ""
    exact: bool = True  # False when a tensor's type is unknown

    def number(self, key: str, default: int = 0) -> int:
        """A whole number that the file gives."""
        value = self.numbers.get(key, default)
        return value if isinstance(value, int) else default

    def says(self, key: str) -> bool:
        """Whether the file gives a number that is not zero."""
        return bool(self.numbers.get(key))

    @property
    def head(self) -> Weight:
        """The matrix of the output head."""
        return self.outside.get("token_embd.weight" if self.tied else "output.weight", Weight((), 0))

    @property
    def shared_bytes(self) -> int:
        """Size of a matrix that is both embedding and output head."""
        return (self.head.bytes or self.embedding_bytes) if self.tied else 0

    @property
    def expert_share(self) -> float:
        """Share of the routed experts that one token uses, 1 for a dense model."""
        return self.experts_used / self.experts if self.experts and self.experts_used else 1.0

    @property
    def windowed(self) -> bool:
        """Whether some blocks see only a window."""
        return any(layer.reads == "window" for layer in self.layers)

    @property
    def v_width_most(self) -> int:
        """The widest V of all layers."""
        return max((layer.v_width for layer in self.layers), default=0)

    @property
    def weight_bytes(self) -> int:
        """All weights as stored, a tied embedding once."""
        once = self.output_bytes - self.shared_bytes
        return self.embedding_bytes + self.first_bytes + once + sum(layer.weight_bytes for layer in self.layers)
