"""A model's shape from its GGUF header, with the defaults that llama.cpp has for what a file does not say."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from doctor.sizing.blocks import BLOCKS
from doctor.sizing.header import Header, Tensor
from doctor.sizing.shape import Layer, Shape

# Windowed layers by architecture where the file does not say: of every `period` layers one is full, the last one or
# the first. Source: `set_swa_pattern` in llama.cpp `src/models/*.cpp`, August 2026.
WINDOW_PERIODS = {
    **dict.fromkeys(("afmoe", "cohere2", "exaone-moe", "exaone4", "llama4", "mellum", "muse-glimmer", "olmo2"), 4),
    **dict.fromkeys(("cohere2moe", "laguna", "smallthinker"), 4),
    **dict.fromkeys(("gemma3", "gemma-embedding"), 6),
    **dict.fromkeys(("gemma2", "gpt-oss"), 2),
    "gemma3n": 5,
    "modern-bert": 3,
    "plamo3": 8,
}
FULL_LAYER_FIRST = frozenset({"cohere2moe", "laguna", "modern-bert", "smallthinker"})
DEFAULT_WINDOWS = {"gemma2": 4096, "llama4": 8192}
# Phi-3 files carry a window that llama.cpp does not use for the cache.
WINDOW_IGNORED = frozenset({"phi3"})
# Gemma 3n: only the first 20 layers own a cache, the later ones share it.
SHARED_KV_OWNERS = {"gemma3n": 20}
# Hybrids whose every n-th layer attends, where the file does not say n.
FULL_ATTENTION_INTERVALS = dict.fromkeys(("qwen3next", "qwen35", "qwen35moe"), 4)
MAX_LAYERS = 512  # LLAMA_MAX_LAYERS in llama.cpp `src/llama-hparams.h`
STATE_KEYS = ("ssm.conv_kernel", "wkv.head_size", "shortconv.l_cache", "kda.head_dim")
BOTH_IN_EVERY_LAYER = frozenset({"falcon-h1"})
FEED_FORWARD_IS_A_LAYER = frozenset({"nemotron_h", "nemotron_h_moe"})
# Looked up by row, so that llama.cpp keeps them on the host (LLM_TENSOR_LAYER_INPUT in `src/llama-arch.cpp`).
LOOKED_UP = ("token_embd.weight", "per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")
# Bytes that AMX packing adds to each block: `get_tile_size` in llama.cpp `ggml/src/ggml-cpu/amx/mmq.cpp` at 3f545bec.
AMX_BYTES_PER_BLOCK = {"Q8_0": 4, "Q4_K": 4, "Q5_K": 4, "IQ4_XS": 2}
RESIDUAL_BESIDE_LOGITS = frozenset({"gpt-oss", "gemma2"})
QUERIES_BESIDE_EXPERTS = frozenset({"gpt-oss"})


def shape_of(header: Header) -> Shape:
    """The shape of a model from its GGUF header."""
    own = header.own
    count = min(_int(own("block_count")), len(header.tensors)) - _int(own("nextn_predict_layers"))
    count = max(0, min(count, MAX_LAYERS))
    blocks = _blocks(header.tensors)
    heads = _per_layer(own("attention.head_count"), count)
    most_heads, embedding = max(heads, default=0), _int(own("embedding_length"))
    head_length = _int(own("attention.key_length")) or (embedding // most_heads if most_heads else 0)
    layers = tuple(_layer(header, index, count, blocks[index], heads[index]) for index in range(count))
    queries = most_heads * head_length
    return Shape(
        architecture=header.architecture,
        layers=layers,
        embedding_length=embedding,
        vocabulary=_int(own("vocab_size")) or header.skipped.get("tokenizer.ggml.tokens", 0) or _rows(header),
        heads=most_heads,
        head_length=head_length,
        feed_forward=max(_per_layer(own("feed_forward_length"), count), default=0),
        experts=_int(own("expert_count")),
        experts_used=_int(own("expert_used_count")),
        expert_feed_forward=_int(own("expert_feed_forward_length")),
        window=_window(header),
        trained_context=_int(own("context_length")),
        mla_rank=_int(own("attention.kv_lora_rank")) if _mla(header) else 0,
        mla_rope=_int(own("rope.dimension_count")),
        mla_nope=_int(own("attention.key_length_mla")) - _int(own("rope.dimension_count")),
        fused_qkv=any(".attn_qkv.weight" in t.name for t in blocks[count - 1]),
        fused_gate=_fused_gate(blocks[0], _per_layer(own("feed_forward_length"), count)[0]),
        residual_beside_logits=header.architecture in RESIDUAL_BESIDE_LOGITS,
        query_width_kept=queries if header.architecture in QUERIES_BESIDE_EXPERTS else 0,
        elements=sum(t.elements for t in header.tensors),
        name=str(header.metadata.get("general.name", "")),
        exact=all(t.bytes is not None for t in header.tensors),
        **_outside(header),
    )


def _outside(header: Header) -> dict[str, Any]:
    """Weights outside the blocks: what is looked up, and the output head with its norms."""
    looked_up = sum(t.bytes or 0 for t in header.tensors if t.name in LOOKED_UP)
    embedding = [t for t in header.tensors if t.name == "token_embd.weight"]
    rest = [t for t in header.tensors if not t.name.startswith("blk.") and t.name not in LOOKED_UP]
    tied = not any(t.name == "output.weight" for t in rest)
    head = embedding if tied else [t for t in rest if t.name == "output.weight"]
    return {
        "embedding_bytes": looked_up,
        "output_bytes": sum(t.bytes or 0 for t in rest) + (sum(t.bytes or 0 for t in embedding) if tied else 0),
        "output_packing_bytes": _packing_bytes(head),
        "tied": tied,
    }


def _layer(header: Header, index: int, count: int, tensors: Sequence[Tensor], heads: int) -> Layer:
    """One block's attention kind, cache widths, state and weights."""
    recurrent, attends = _kinds(header, index, count)
    windowed = attends and _windowed(header, index)
    k_width, v_width = _widths(header, index, count, heads, windowed=windowed) if attends else (0, 0)
    owns = attends and k_width > 0 and index < _owners(header, count)
    experts = [t.bytes or 0 for t in tensors if "_exps" in t.name]
    others = [t.bytes or 0 for t in tensors if "_exps" not in t.name]
    return Layer(
        attention=("window" if windowed else "full") if owns else "none",
        k_width=k_width if owns else 0,
        v_width=v_width if owns else 0,
        state_bytes=_state_bytes(header) if recurrent else 0,
        weight_bytes=sum(experts) + sum(others),
        expert_bytes=sum(experts),
        largest_bytes=max(others, default=0),
        largest_expert_bytes=max(experts, default=0),
        packing_bytes=_packing_bytes(tensors),
    )


def _widths(header: Header, index: int, count: int, heads: int, *, windowed: bool) -> tuple[int, int]:
    """K and V elements that one token puts into the cache of one layer."""
    own = header.own
    if _mla(header):
        return _int(own("attention.kv_lora_rank")) + _int(own("rope.dimension_count")), 0
    kv_heads = _per_layer(own("attention.head_count_kv", own("attention.head_count")), count)[index]
    head_length = _int(own("embedding_length")) // heads if heads else 0
    key, value = _int(own("attention.key_length")) or head_length, _int(own("attention.value_length")) or head_length
    if windowed:
        key = _int(own("attention.key_length_swa")) or key
        value = _int(own("attention.value_length_swa")) or value
    return kv_heads * key, kv_heads * value


def _packing_bytes(tensors: Iterable[Tensor]) -> int:
    """What packing for AMX adds to matrices: a few bytes per block. Stacked experts are not packed."""
    matrices = [t for t in tensors if len(t.shape) == 2 and t.type_name in AMX_BYTES_PER_BLOCK]
    return sum((t.bytes or 0) // BLOCKS[t.type_id].bytes * AMX_BYTES_PER_BLOCK[t.type_name] for t in matrices)


def _state_bytes(header: Header) -> int:
    """Recurrent state of one layer and slot, f32: convolution part and state part.

    Source: `n_embd_r` and `n_embd_s` in llama.cpp `src/llama-hparams.cpp`.
    """
    own = header.own
    inner, state, groups = (_int(own(f"ssm.{k}")) for k in ("inner_size", "state_size", "group_count"))
    kernel, embedding = _int(own("ssm.conv_kernel")), _int(own("embedding_length"))
    if _int(own("wkv.head_size")):
        shift = _int(own("token_shift_count")) or 2
        return 4 * (shift * embedding + embedding * _int(own("wkv.head_size")))
    if _int(own("shortconv.l_cache")):
        return 4 * embedding * (_int(own("shortconv.l_cache")) - 1)
    if _int(own("kda.head_dim")):
        width = max(_per_layer(own("attention.head_count"), 1)) * _int(own("kda.head_dim"))
        return 4 * (3 * (kernel - 1 if kernel else 3) * width + width * _int(own("kda.head_dim")))
    return 4 * ((kernel - 1) * (inner + 2 * groups * state) + state * inner) if kernel else 0


def _kinds(header: Header, index: int, count: int) -> tuple[bool, bool]:
    """Whether a layer keeps a recurrent state, and whether it attends."""
    own = header.own
    if not any(own(key) for key in STATE_KEYS):
        return False, True
    if header.architecture in BOTH_IN_EVERY_LAYER:
        return True, True
    listed = own("attention.recurrent_layers")
    if isinstance(listed, list) and index < len(listed):
        return bool(listed[index]), not listed[index]
    interval = _int(own("full_attention_interval")) or FULL_ATTENTION_INTERVALS.get(header.architecture, 0)
    if interval > 0:
        recurrent = index % interval != interval - 1
        return recurrent, not recurrent
    recurrent = _per_layer(own("attention.head_count_kv"), count)[index] == 0
    if header.architecture in FEED_FORWARD_IS_A_LAYER and _per_layer(own("feed_forward_length"), count)[index]:
        return False, False
    return recurrent, not recurrent


def _windowed(header: Header, index: int) -> bool:
    """Whether a layer sees only the sliding window."""
    if not _window(header):
        return False
    pattern = header.own("attention.sliding_window_pattern")
    if isinstance(pattern, list):
        return index < len(pattern) and bool(pattern[index])
    period = pattern if isinstance(pattern, int) and pattern > 0 else WINDOW_PERIODS.get(header.architecture, 1)
    full = 0 if header.architecture in FULL_LAYER_FIRST else period - 1
    return bool(period > 1 and index % period != full)


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


def _fused_gate(block: Sequence[Tensor], feed_forward: int) -> bool:
    up = next((t for t in block if t.name.endswith(".ffn_up.weight")), None)
    return up is not None and feed_forward > 0 and up.shape[-1] == 2 * feed_forward


def _blocks(tensors: Sequence[Tensor]) -> Mapping[int, list[Tensor]]:
    """Tensors by block."""
    blocks: dict[int, list[Tensor]] = defaultdict(list)
    for tensor in tensors:
        parts = tensor.name.split(".", 2)
        if parts[0] == "blk" and len(parts) == 3 and parts[1].isdecimal() and len(parts[1]) < 6:
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
    if isinstance(value, bool) or not isinstance(value, int):
        return 0
    return value if 0 <= value < 1 << 40 else 0
