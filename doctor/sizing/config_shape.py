"""A model's shape from the `config.json` beside safetensors files (transformers' names)."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from doctor.sizing.shape import Layer, Shape

LAYER = re.compile(r"(?:^|\.)layers\.(\d{1,5})\.")
EXPERTS = re.compile(r"\.experts\.|\.switch_mlp\.")
LINEAR = frozenset({"linear_attention", "mamba", "recurrent", "conv"})
STATE_FLOAT = 4


class Weight(msgspec.Struct, frozen=True, kw_only=True):
    """One tensor of a file."""

    name: str
    shape: tuple[int, ...]
    bytes: int


def shape_of_config(config: Mapping[str, Any], weights: Iterable[Weight]) -> Shape:
    """The shape of a model from its configuration and the tensors of its files."""
    text = config.get("text_config")
    own = {**config, **text} if isinstance(text, dict) else config
    blocks, outside = _sorted(weights)
    count = min(_int(own, "num_hidden_layers", "n_layer", "num_layers"), 4096)
    d, heads = _int(own, "hidden_size", "n_embd", "d_model"), _int(own, "num_attention_heads", "n_head")
    head_length = _int(own, "head_dim") or (d // heads if heads else 0)
    embedding = sum(w.bytes for w in outside if "embed_tokens" in w.name or w.name.endswith("wte.weight"))
    tied = not any("lm_head" in w.name for w in outside)
    return Shape(
        architecture=str(own.get("model_type", "")),
        layers=tuple(_layer(own, index, blocks[index], heads, head_length) for index in range(count)),
        embedding_length=d,
        vocabulary=_int(own, "vocab_size"),
        experts=_int(own, "num_experts", "num_local_experts", "n_routed_experts"),
        experts_used=_int(own, "num_experts_per_tok", "experts_per_token"),
        window=_int(own, "sliding_window"),
        trained_context=_int(own, "max_position_embeddings", "n_positions"),
        mla_rank=_int(own, "kv_lora_rank"),
        numbers={
            "feed_forward_length": _int(own, "intermediate_size", "n_inner"),
            "expert_feed_forward_length": _int(own, "moe_intermediate_size"),
        },
        embedding_bytes=embedding,
        output_bytes=sum(w.bytes for w in outside) - (0 if tied else embedding),
        tied=tied,
        all_on_device=True,
        elements=sum(_elements(w) for w in outside) + sum(_elements(w) for block in blocks.values() for w in block),
        name=str(own.get("_name_or_path", "")),
    )


def _layer(own: Mapping[str, Any], index: int, weights: list[Weight], heads: int, head_length: int) -> Layer:
    kind = _kind(own, index)
    kv_heads = _int(own, "num_key_value_heads", "num_kv_heads") or heads
    k_width = v_width = kv_heads * head_length
    if _int(own, "kv_lora_rank"):
        k_width, v_width = _int(own, "kv_lora_rank") + _int(own, "qk_rope_head_dim"), 0
    experts = [w.bytes for w in weights if EXPERTS.search(w.name)]
    others = [w.bytes for w in weights if not EXPERTS.search(w.name)]
    return Layer(
        attention=kind,
        reads="" if kind == "none" else kind,
        heads=heads,
        kv_heads=kv_heads,
        k_length=head_length,
        v_length=head_length,
        k_width=0 if kind == "none" else k_width,
        v_width=0 if kind == "none" else v_width,
        state_bytes=_state_bytes(own) if kind == "none" else 0,
        weight_bytes=sum(experts) + sum(others),
        expert_bytes=sum(experts),
    )


def _kind(own: Mapping[str, Any], index: int) -> str:
    """What a layer looks at: `layer_types` names it; older files give a period of full layers."""
    kinds = own.get("layer_types")
    if isinstance(kinds, list) and index < len(kinds):
        if kinds[index] in LINEAR:
            return "none"
        return "window" if kinds[index] in ("sliding_attention", "chunked_attention") else "full"
    period = _int(own, "sliding_window_pattern", "_sliding_window_pattern")
    windowed = period > 1 and _int(own, "sliding_window") and index % period != period - 1
    return "window" if windowed else "full"


def _state_bytes(own: Mapping[str, Any]) -> int:
    """State of a gated delta layer (Qwen3-Next and after), f32: convolution part and state part."""
    key = _int(own, "linear_num_key_heads") * _int(own, "linear_key_head_dim")
    value = _int(own, "linear_num_value_heads") * _int(own, "linear_value_head_dim")
    kernel = _int(own, "linear_conv_kernel_dim")
    return STATE_FLOAT * (max(kernel - 1, 0) * (value + 2 * key) + value * _int(own, "linear_key_head_dim"))


def _sorted(weights: Iterable[Weight]) -> tuple[dict[int, list[Weight]], list[Weight]]:
    """Tensors by layer, and those outside of all layers. What reads images is left out of both."""
    blocks: dict[int, list[Weight]] = defaultdict(list)
    outside = []
    for weight in weights:
        if "vision" in weight.name or "visual" in weight.name:
            continue
        found = LAYER.search(weight.name)
        if found:
            blocks[int(found[1])].append(weight)
        else:
            outside.append(weight)
    return blocks, outside


def _elements(weight: Weight) -> int:
    count = 1
    for dimension in weight.shape:
        count *= dimension
    return count


def _int(own: Mapping[str, Any], *names: str) -> int:
    """The first of these that is a whole number of a sane size, else 0."""
    for name in names:
        value = own.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 40:
            return value
    return 0
