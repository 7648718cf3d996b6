"""The KV cache of the served window: from the model's file, else by the dense formula from the runtime's metadata."""

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Footprint, KvCache, ModelCard, ServerProcess, Window
from doctor.sizing.settings import KV_TYPES

# Parts of metadata keys of models whose cache is smaller than 2 x layers x KV heads x head length x bytes a token.
SMALLER_CACHE = ("sliding_window", "kv_lora", "ssm.", "recurrent", "full_attention_interval", "shared_kv")


async def collect_kv_cache(context: Context) -> KvCache:
    """The cache now and what a token takes. Raises Skip where only a formula is left that would be wrong."""
    try:
        found = await context.fact(Footprint)
    except Skip:
        return await _dense(context)
    return KvCache(
        held_bytes=found.kv_bytes,
        bytes_per_token=found.bytes_per_token,
        window=found.context // found.slots,
        slots=found.slots,
        origin=found.origin,
        basis=f"model's file, {found.context} tokens, {found.slots} slots",
    )


async def _dense(context: Context) -> KvCache:
    card, window = await context.fact(ModelCard), await context.fact(Window)
    if not (card.layers and card.kv_heads and card.head_length and window.per_request):
        raise Skip("the runtime does not say the shape of the KV cache")
    if any(word in key for key in card.metadata for word in SMALLER_CACHE):
        raise Skip("the model's attention needs less cache than the dense formula says, and its file cannot be read")
    slots, kind = await _settings(context)
    per_token = int(2 * card.layers * card.kv_heads * card.head_length * KV_TYPES.get(kind, 2.0))
    return KvCache(
        held_bytes=per_token * (window.total or window.per_request * slots),
        bytes_per_token=per_token,
        window=window.per_request,
        slots=slots,
        basis=f"{card.layers} layers, {window.per_request} tokens, {slots} slots, {kind}",
    )


async def _settings(context: Context) -> tuple[int, str]:
    """Slots and cache type that Ollama was started with, its usual ones where its process cannot be read."""
    try:
        found = (await context.fact(ServerProcess)).environment
    except Skip:
        return 1, "f16"
    slots = found.get("OLLAMA_NUM_PARALLEL", "1")
    return max(1, int(slots)) if slots.isdigit() else 1, (found.get("OLLAMA_KV_CACHE_TYPE") or "f16").lower()
