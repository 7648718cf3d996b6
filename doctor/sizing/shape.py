"""What the memory and speed models need to know of a model: its layers, widths and weights."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from doctor.collect.gguf import Header, Tensor
from doctor.sizing.blocks import BLOCKS

# Windowed layers by architecture where the file does not say: every `period`-th layer is full, the others see only
# the window. Source: llama.cpp `src/llama-model.cpp` at 0c1e57098.
WINDOW_PERIODS = {"gemma2": 2, "gemma3": 6, "gpt-oss": 2, "llama4": 4, "cohere2": 4}
DEFAULT_WINDOWS = {"gemma2": 4096, "llama4": 8192}
# Phi-3 files carry a window that llama.cpp does not use for the cache.
WINDOW_IGNORED = frozenset({"phi3"})
# Gemma 3n: only the first 20 layers own a cache, the later ones share it.
SHARED_KV_OWNERS = {"gemma3n": 20}
# Bytes that AMX packing adds to each block: `get_tile_size` in llama.cpp `ggml/src/ggml-cpu/amx/mmq.cpp` at 3f545bec.
AMX_BYTES_PER_BLOCK = {"Q8_0": 4, "Q4_K": 4, "Q5_K": 4, "IQ4_XS": 2}
RESIDUAL_BESIDE_LOGITS = frozenset({"gpt-oss", "gemma2"})
FUSED_GATE = frozenset({"phi3"})


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One block. `attention` is "full", "window" or "none"; widths are K and V elements per token."""

    attention: str
    k_width: int = 0
    v_width: int = 0
    state_bytes: int = 0  # recurrent state per slot, f32
    weight_bytes: int = 0
    expert_bytes: int = 0  # part of weight_bytes that is routed experts
    largest_expert_bytes: int = 0
    packing_bytes: int = 0  # what AMX packing adds when this block runs on the CPU


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A model's dimensions. Byte counts are exact sums over the tensors of the file."""

    architecture: str
    layers: tuple[Layer, ...]
    embedding_length: int
    vocabulary: int
    heads: int
    head_length: int = 0
    feed_forward: int
    experts: int = 0
    experts_used: int = 0
    expert_feed_forward: int = 0
    window: int = 0
    trained_context: int = 0
    mla_rank: int = 0
    mla_rope: int = 0
    mla_nope: int = 0
    embedding_bytes: int = 0
    output_bytes: int = 0  # the output head and norms outside the blocks, as placed with the last layer
    output_packing_bytes: int = 0
    tied: bool = False
    name: str = ""
    exact: bool = True  # False when a tensor's type is unknown

    @property
    def query_width_kept(self) -> int:
        """Query elements that gpt-oss keeps alive beside its experts (attention sinks), else 0."""
        return self.heads * self.head_length if self.architecture == "gpt-oss" else 0

    @property
    def expert_share(self) -> float:
        """Share of the routed experts that one token uses, 1 for a dense model."""
        return self.experts_used / self.experts if self.experts and self.experts_used else 1.0


def shape_of(header: Header) -> Shape:
    """The shape of a model from its GGUF header."""
    own = header.own
    count = _int(own("block_count")) - _int(own("nextn_predict_layers"))
    blocks = _blocks(header.tensors, count)
    embedding = _int(own("embedding_length"))
    heads = _per_layer(own("attention.head_count"), count)
    embedding_bytes = sum(t.bytes or 0 for t in header.tensors if t.name == "token_embd.weight")
    outside = [t for t in header.tensors if not t.name.startswith(("blk.", "token_embd", "per_layer_token_embd"))]
    tied = not any(t.name == "output.weight" for t in header.tensors)
    return Shape(
        architecture=header.architecture,
        layers=tuple(_layer(header, index, count, blocks[index], heads[index]) for index in range(count)),
        embedding_length=embedding,
        vocabulary=_int(own("vocab_size")) or header.skipped.get("tokenizer.ggml.tokens", 0) or _rows(header),
        heads=max(heads, default=0),
        head_length=_int(own("attention.key_length")) or (embedding // max(heads) if max(heads, default=0) else 0),
        feed_forward=max(_per_layer(own("feed_forward_length"), count), default=0),
        experts=_int(own("expert_count")),
        experts_used=_int(own("expert_used_count")),
        expert_feed_forward=_int(own("expert_feed_forward_length")),
        window=_window(header),
        trained_context=_int(own("context_length")),
        mla_rank=_int(own("attention.kv_lora_rank")) if _mla(header) else 0,
        mla_rope=_int(own("rope.dimension_count")),
        mla_nope=_int(own("attention.key_length_mla")) - _int(own("rope.dimension_count")),
        embedding_bytes=embedding_bytes,
        output_bytes=sum(t.bytes or 0 for t in outside) + (embedding_bytes if tied else 0),
        output_packing_bytes=_packing_bytes(
            t for t in header.tensors if t.name == ("token_embd.weight" if tied else "output.weight")
        ),
        tied=tied,
        name=str(header.metadata.get("general.name", "")),
        exact=all(t.bytes is not None for t in header.tensors),
    )


def _layer(header: Header, index: int, count: int, tensors: Sequence[Tensor], heads: int) -> Layer:
    """One block's attention kind, cache widths, state and weights."""
    own = header.own
    kv_heads = _per_layer(own("attention.head_count_kv", own("attention.head_count")), count)[index]
    windowed = _windowed(header, index)
    head_length = _int(own("embedding_length")) // heads if heads else 0
    key, value = _int(own("attention.key_length")) or head_length, _int(own("attention.value_length")) or head_length
    if windowed:
        key = _int(own("attention.key_length_swa")) or key
        value = _int(own("attention.value_length_swa")) or value
    k_width, v_width = kv_heads * key, kv_heads * value
    if _mla(header):
        k_width, v_width = _int(own("attention.kv_lora_rank")) + _int(own("rope.dimension_count")), 0
    owns = kv_heads > 0 and index < _owners(header, count) and not _recurrent(header, index)
    experts = [t for t in tensors if "_exps" in t.name]
    return Layer(
        attention=("window" if windowed else "full") if owns else "none",
        k_width=k_width if owns else 0,
        v_width=v_width if owns else 0,
        state_bytes=_state_bytes(header) if _recurrent(header, index) else 0,
        weight_bytes=sum(t.bytes or 0 for t in tensors),
        expert_bytes=sum(t.bytes or 0 for t in experts),
        largest_expert_bytes=max((t.bytes or 0 for t in experts), default=0),
        packing_bytes=_packing_bytes(tensors),
    )


def _packing_bytes(tensors: Iterable[Tensor]) -> int:
    """What packing for AMX adds to matrices: a few bytes per block. Stacked experts are not packed."""
    matrices = [t for t in tensors if len(t.shape) == 2 and t.type_name in AMX_BYTES_PER_BLOCK]
    return sum((t.bytes or 0) // BLOCKS[t.type_id].bytes * AMX_BYTES_PER_BLOCK[t.type_name] for t in matrices)


def _state_bytes(header: Header) -> int:
    """Recurrent state of one layer and slot: convolution part and state part, f32 (sizing, section 3.2)."""
    own = header.own
    inner, state, groups = (_int(own(f"ssm.{k}")) for k in ("inner_size", "state_size", "group_count"))
    kernel, embedding = _int(own("ssm.conv_kernel")), _int(own("embedding_length"))
    if _int(own("wkv.head_size")):
        shift = _int(own("token_shift_count")) or 2
        return 4 * (shift * embedding + embedding * _int(own("wkv.head_size")))
    if _int(own("shortconv.l_cache")):
        return 4 * embedding * (_int(own("shortconv.l_cache")) - 1)
    if _int(own("kda.head_dim")):
        width = _per_layer(own("attention.head_count"), 1)[0] * _int(own("kda.head_dim"))
        return 4 * (3 * (kernel - 1) * width + width * _int(own("kda.head_dim")))
    return 4 * ((kernel - 1) * (inner + 2 * groups * state) + state * inner) if kernel else 0


def _recurrent(header: Header, index: int) -> bool:
    """Whether a layer keeps a recurrent state instead of a cache."""
    interval = _int(header.own("full_attention_interval"))
    if interval:
        return index % interval != interval - 1
    has_state = any(
        header.own(key) for key in ("ssm.conv_kernel", "wkv.head_size", "shortconv.l_cache", "kda.head_dim")
    )
    kv_heads = header.own("attention.head_count_kv")
    if isinstance(kv_heads, list):
        return has_state and index < len(kv_heads) and kv_heads[index] == 0
    return has_state and not header.own("attention.head_count")


def _windowed(header: Header, index: int) -> bool:
    """Whether a layer sees only the sliding window."""
    if not _window(header):
        return False
    pattern = header.own("attention.sliding_window_pattern")
    if isinstance(pattern, list):
        return index < len(pattern) and bool(pattern[index])
    period = pattern if isinstance(pattern, int) and pattern > 0 else WINDOW_PERIODS.get(header.architecture, 1)
    return bool(period > 1 and index % period != period - 1)


def _window(header: Header) -> int:
    if header.architecture in WINDOW_IGNORED:
        return 0
    return _int(header.own("attention.sliding_window")) or DEFAULT_WINDOWS.get(header.architecture, 0)


def _owners(header: Header, count: int) -> int:
    """Number of leading layers that own a cache."""
    shared = _int(header.own("attention.shared_kv_layers"))
    return count - shared if shared else SHARED_KV_OWNERS.get(header.architecture, count)


def _mla(header: Header) -> bool:
    return bool(_int(header.own("attention.kv_lora_rank")) and _int(header.own("attention.key_length_mla")))


def _blocks(tensors: Sequence[Tensor], count: int) -> list[list[Tensor]]:
    """Tensors by block; those of trailing prediction blocks are left out, the engine does not load them."""
    blocks: list[list[Tensor]] = [[] for _ in range(count)]
    for tensor in tensors:
        parts = tensor.name.split(".", 2)
        if parts[0] == "blk" and len(parts) == 3 and parts[1].isdigit() and int(parts[1]) < count:
            blocks[int(parts[1])].append(tensor)
    return blocks


def _rows(header: Header) -> int:
    """Vocabulary from the embedding's rows."""
    return next((t.shape[1] for t in header.tensors if t.name == "token_embd.weight" and len(t.shape) > 1), 0)


def _per_layer(value: Any, count: int) -> list[int]:  # noqa: ANN401 - metadata values have any type
    if isinstance(value, list):
        numbers = [_int(item) for item in value]
        return (numbers + [numbers[-1] if numbers else 0] * count)[: max(count, 1)]
    return [_int(value)] * max(count, 1)


def _int(value: Any) -> int:  # noqa: ANN401 - metadata values have any type
    return int(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else 0
