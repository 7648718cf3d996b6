"""The KV cache leaves room for the model.

What: how much memory the KV cache of the served window takes, and whether it is what pushed layers into RAM.

Why: the cache grows with the window and the number of slots; a smaller one brings a half-offloaded model back.

How: 2 x layers x KV heads x head length x bytes per element x tokens x slots, from the runtime's metadata; compared
with the part of the model that is in RAM.

Limits: the formula is that of dense attention. Models with sliding windows, latent attention or state-space layers
need far less and are not judged; nor are runtimes that do not report the split.
"""

from doctor.api import (
    Context,
    Depth,
    LoadedModels,
    ModelCard,
    Models,
    ServerProcess,
    Skip,
    Symptom,
    Verdict,
    Window,
    computed,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
LARGE = Symptom(id="kv-cache-large", title="The KV cache of a large window pushes the model into RAM")
SLOTS = Symptom(id="kv-cache-multiplied", title="The KV cache of parallel slots pushes the model into RAM")
CHOSEN = Symptom(id="kv-cache-chosen-by-runtime", title="A window that the runtime chose pushes the model into RAM")
COMMON_WINDOW = 8_192  # tokens: enough for a chat; agents ask for more on purpose
AUTOMATIC = (32_768, 262_144)  # windows that Ollama picks by GPU memory from 0.15.5 on
BYTES_PER_ELEMENT = {"f16": 2.0, "bf16": 2.0, "f32": 4.0, "q8_0": 34 / 32, "q5_0": 22 / 32, "q4_0": 18 / 32}
SMALLER_CACHE = ("sliding_window", "kv_lora", "ssm.", "recurrent", "full_attention_interval", "shared_kv")


async def check(context: Context) -> Verdict:
    """Compute the cache and see whether a smaller one would let the model fit."""
    models, card, window = await context.fact(Models), await context.fact(ModelCard), await context.fact(Window)
    if models.remote:
        raise Skip("the model runs on another machine behind a local address")
    if not (card.layers and card.kv_heads and card.head_length and window.per_request):
        raise Skip("the runtime does not say the shape of the KV cache")
    if any(word in key for key in card.metadata for word in SMALLER_CACHE):
        raise Skip("the model's attention needs less cache than the dense formula says")
    slots, kind, chosen_by_user = await settings(context, card)
    per_token = 2 * card.layers * card.kv_heads * card.head_length * BYTES_PER_ELEMENT.get(kind, 2.0)
    cache = int(per_token * (window.total or window.per_request * slots))
    size = computed(
        "KV cache", cache, "bytes", f"{card.layers} layers, {window.per_request} tokens, {slots} slots, {kind}"
    )
    loaded = {m.name: m for m in (await context.fact(LoadedModels)).models}.get(models.chosen)
    missing = (loaded.size_bytes or 0) - loaded.vram_bytes if loaded and loaded.vram_bytes else 0
    if missing <= 0:
        return verdict(measured=[size])
    in_ram = reported("part of the model in RAM", missing, "bytes", "runtime's split")
    saved_by_one_slot = cache - cache // slots
    saved_by_window = int(per_token * max(0, window.per_request - COMMON_WINDOW)) * slots
    what = f"the KV cache takes {mib(cache)} ({window.per_request} tokens, {slots} slots), {mib(missing)} are in RAM"
    if saved_by_one_slot >= missing:
        return verdict(seen(SLOTS, models.chosen, f"{what}; with one slot all would fit", size, in_ram))
    if saved_by_window >= missing:
        automatic = window.per_request in AUTOMATIC and chosen_by_user is False
        symptom = CHOSEN if automatic else LARGE
        return verdict(seen(symptom, models.chosen, f"{what}; with {COMMON_WINDOW} tokens all would fit", size, in_ram))
    return verdict(measured=[size, in_ram])


async def settings(context: Context, card: ModelCard) -> tuple[int, str, bool | None]:
    """Slots, cache type and whether the user set the window (None: cannot be known)."""
    try:
        process = await context.fact(ServerProcess)
    except Skip:
        return 1, "f16", None
    found = process.environment
    slots = found.get("OLLAMA_NUM_PARALLEL", "1")
    kind = (found.get("OLLAMA_KV_CACHE_TYPE") or "f16").lower()
    by_user = "num_ctx" in card.parameters_text or found.get("OLLAMA_CONTEXT_LENGTH", "0") not in ("", "0")
    return max(1, int(slots)) if slots.isdigit() else 1, kind, by_user if process.environment_readable else None
