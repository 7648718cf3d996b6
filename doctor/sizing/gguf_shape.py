"""A model's shape from its GGUF header, with the defaults that llama.cpp has for what a file does not say."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from doctor.sizing.blocks import BLOCKS
from doctor.sizing.header import Header, Tensor
from doctor.sizing.shape import EXPERTS, Layer, Shape, Weight

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
RECURRENT = frozenset({"arwkv7", "mamba", "mamba2", "rwkv6", "rwkv6qwen2", "rwkv7"})  # `llm_arch_is_recurrent`
BOTH_IN_EVERY_LAYER = frozenset({"falcon-h1"})
FEED_FORWARD_IS_A_LAYER = frozenset({"nemotron_h", "nemotron_h_moe"})
# Looked up by row, so that llama.cpp keeps them on the host (LLM_TENSOR_LAYER_INPUT in `src/llama-arch.cpp`).
LOOKED_UP = ("token_embd.weight", "per_layer_token_embd.weight", "position_embd.weight", "token_types.weight")
# Placed with the first block (LLM_TENSOR_LAYER_REPEATING there, with no block's number in their names).
OUTPUT_NORMS = frozenset({"token_embd_norm.weight"})  # of LFM2, by a slip in its files
NORM_IS_THE_LAST = frozenset({"lfm2", "lfm2moe"})
WITH_FIRST_BLOCK = OUTPUT_NORMS | {
    "token_embd_norm.bias",
    "per_layer_model_proj.weight",
    "per_layer_proj_norm.weight",
}
# Without a cache (`create_memory` in `src/llama-model.cpp` makes none), and those of them without an output head.
HEADLESS = frozenset(
    {
        *("bert", "eurobert", "jina-bert-v2", "jina-bert-v3"),
        *("modern-bert", "neo-bert", "nomic-bert", "nomic-bert-moe"),
    }
)
# The token embedding is the head where it lies: `src/models/bitnet.cpp`.
EMBEDDING_IS_HEAD = frozenset({"bitnet"})
CACHELESS = HEADLESS | {"dream", "gemma-embedding", "llada", "llada-moe", "rnd1"}
ROWS_ONLY = frozenset(LOOKED_UP) - {"token_embd.weight"}  # the token embedding may be the output head as well
# Bytes that AMX packing adds to each block: `get_tile_size` in llama.cpp `ggml/src/ggml-cpu/amx/mmq.cpp` at 3f545bec.
AMX_BYTES_PER_BLOCK = {"Q8_0": 4, "Q4_K": 4, "Q5_K": 4, "IQ4_XS": 2}
# Types that AMX takes, and what a row's length must be a multiple of: `supports_op` in `amx.cpp`.
AMX_ROWS = {
    **dict.fromkeys(("Q4_0", "Q4_1", "Q8_0"), 32),
    **dict.fromkeys(("Q4_K", "Q5_K", "Q6_K", "IQ4_XS"), 256),
    "F16": 16,
}
AMX_COLUMNS = 32


def shape_of(header: Header) -> Shape:
    """The shape of a model from its GGUF header."""
    own = header.own
    every = max(0, min(_int(own("block_count")), len(header.tensors), MAX_LAYERS))
    count = max(0, every - _int(own("nextn_predict_layers")))
    blocks = _blocks(header.tensors)
    heads = _per_layer(own("attention.head_count"), every)
    layers = [_layer(header, index, every, blocks[index], heads[index]) for index in range(every)]
    return Shape(
        architecture=header.architecture,
        layers=tuple(layers[:count]),
        drafting=tuple(layers[count:]),
        embedding_length=_int(own("embedding_length")),
        vocabulary=_int(own("vocab_size")) or header.skipped.get("tokenizer.ggml.tokens", 0) or _rows(header),
        experts=_int(own("expert_count")),
        experts_used=_int(own("expert_used_count")),
        window=_window(header),
        trained_context=_int(own("context_length")),
        mla_rank=_int(own("attention.kv_lora_rank")) if _mla(header) else 0,
        numbers=_numbers(header),
        elements=sum(t.elements for t in header.tensors),
        name=str(header.metadata.get("general.name", "")),
        exact=all(t.bytes is not None for t in header.tensors),
        **_outside(header),
    )


def _numbers(header: Header) -> dict[str, Any]:
    """What the file says of its architecture in numbers."""
    prefix = header.architecture + "."
    values = ((key.removeprefix(prefix), value) for key, value in header.metadata.items() if key.startswith(prefix))
    return {key: value for key, value in values if isinstance(value, int | float)}


def _outside(header: Header) -> dict[str, Any]:
    """Weights outside the blocks: what is looked up, what goes with the first block, the output head with its norms."""
    rest = {t.name: _weight(t) for t in header.tensors if not t.name.startswith("blk.")}
    first = WITH_FIRST_BLOCK - (OUTPUT_NORMS if header.architecture in NORM_IS_THE_LAST else frozenset())
    looked_up = sum(weight.bytes for name, weight in rest.items() if name in LOOKED_UP)
    with_first = sum(weight.bytes for name, weight in rest.items() if name in first)
    tied = "output.weight" not in rest and header.architecture not in HEADLESS | EMBEDDING_IS_HEAD
    head = rest["token_embd.weight"].bytes if tied and "token_embd.weight" in rest else 0
    return {
        "outside": rest,
        "embedding_bytes": looked_up,
        "first_bytes": with_first,
        "output_bytes": sum(weight.bytes for weight in rest.values()) - looked_up - with_first + head,
        "tied": tied,
    }


def _weight(tensor: Tensor) -> Weight:
    """A tensor, and its size when AMX packs it: matrices whose rows and columns fill tiles, stacked experts never.

    Of matrices that are stacked by heads only the first is counted, as llama.cpp does.
    """
    size, block = tensor.bytes or 0, BLOCKS.get(tensor.type_id)
    multiple = AMX_ROWS.get(tensor.type_name)
    if (
        block is None
        or multiple is None
        or len(tensor.shape) < 2
        or tensor.name in ROWS_ONLY
        or EXPERTS.search(tensor.name)
    ):
        return Weight(tensor.shape, size)
    columns, rows = tensor.shape[:2]
    if columns % multiple or rows % AMX_COLUMNS:
        return Weight(tensor.shape, size)
    blocks = columns // block.elements * rows
    return Weight(tensor.shape, size, blocks * (block.bytes + AMX_BYTES_PER_BLOCK.get(block.name, 0)))


def _layer(header: Header, index: int, count: int, tensors: Sequence[Tensor], heads: int) -> Layer:
    """One block's attention kind, cache widths, state and weights."""
    recurrent, attends = _kinds(header, index, count)
    windowed = attends and _windowed(header, index)
    kv_heads, k_length, v_length = _lengths(header, index, count, heads, windowed=windowed) if attends else (0, 0, 0)
    owners = _owners(header, count)
    owns = attends and kv_heads > 0 and index < owners and header.architecture not in CACHELESS
    reads = ("window" if windowed else "full") if attends and kv_heads else ""
    return Layer(
        attention=reads if owns else "none",
        reads=reads,
        lender=owners - (2 if windowed else 1) if index >= owners else -1,
        k_width=kv_heads * k_length + _indexed(header, tensors) if owns else 0,
        v_width=kv_heads * v_length if owns and not _mla(header) else 0,
        heads=heads,
        kv_heads=kv_heads,
        k_length=k_length,
        v_length=v_length,
        recurrent=recurrent,
        state_bytes=_state_bytes(header) if recurrent else 0,
        weight_bytes=sum(t.bytes or 0 for t in tensors),
        expert_bytes=sum(t.bytes or 0 for t in tensors if EXPERTS.search(t.name)),
        tensors={t.name.split(".", 2)[2]: _weight(t) for t in tensors},
    )


def _lengths(header: Header, index: int, count: int, heads: int, *, windowed: bool) -> tuple[int, int, int]:
    """Heads of keys and values in one layer, and their lengths."""
    own = header.own
    if _mla(header):
        rank = _int(own("attention.kv_lora_rank"))
        return 1, rank + _int(own("rope.dimension_count")), rank
    kv_heads = _per_layer(own("attention.head_count_kv", own("attention.head_count")), count)[index]
    most = max(_per_layer(own("attention.head_count"), count))
    head_length = _int(own("embedding_length")) // most if most else 0
    key, value = _int(own("attention.key_length")) or head_length, _int(own("attention.value_length")) or head_length
    if windowed:
        key = _int(own("attention.key_length_swa")) or key
        value = _int(own("attention.value_length_swa")) or value
    return kv_heads, key, value


def _indexed(header: Header, tensors: Sequence[Tensor]) -> int:
    """Elements of the keys by which sparse attention finds its tokens: `src/llama-kv-cache-dsa.cpp`."""
    indexer = any(".indexer." in tensor.name for tensor in tensors)
    return _int(header.own("attention.indexer.key_length")) if indexer else 0


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
    if header.architecture in RECURRENT:
        return True, False
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
