"""The KV cache leaves room for the model.

What: how much memory the KV cache of the served window takes, and whether it is what pushed layers into RAM.

Why: the cache grows with the window and the number of slots; a smaller one brings a half-offloaded model back.

How: from the model's file, by layer kind: sliding windows, latent attention and state-space layers need less than
others. Without the file, from the runtime's metadata: 2 x layers x KV heads x head length x bytes x tokens.
The cache is compared with the part of the model that is in RAM.

Limits: without the file, models that need less than the formula says are not judged; nor are runtimes that do not
report the split.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    KvCache,
    LoadedModels,
    ModelCard,
    Models,
    ServerProcess,
    Skip,
    Symptom,
    Verdict,
    computed,
    mib,
    probed,
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


async def check(context: Context) -> Verdict:
    """See whether a smaller cache would let the model fit."""
    models = await context.fact(Models)
    if models.remote:
        raise Skip("the model runs on another machine behind a local address")
    cache = await context.fact(KvCache)
    size = (probed if cache.origin == "probed" else computed)("KV cache", cache.held_bytes, "bytes", cache.basis)
    loaded = {m.name: m for m in (await context.fact(LoadedModels)).models}.get(models.chosen)
    missing = (loaded.size_bytes or 0) - loaded.vram_bytes if loaded and loaded.vram_bytes else 0
    if missing <= 0:
        return verdict(measured=[size])
    in_ram = reported("part of the model in RAM", missing, "bytes", "runtime's split")
    saved_by_one_slot = cache.held_bytes - cache.held_bytes // cache.slots
    saved_by_window = cache.bytes_per_token * max(0, cache.window - COMMON_WINDOW) * cache.slots
    what = f"the KV cache takes {mib(cache.held_bytes)} ({cache.window} tokens, {cache.slots} slots)"
    what += f", {mib(missing)} are in RAM"
    if saved_by_one_slot >= missing:
        return verdict(seen(SLOTS, models.chosen, f"{what}; with one slot all would fit", size, in_ram))
    if saved_by_window >= missing:
        symptom = CHOSEN if cache.window in AUTOMATIC and await _nobody_chose(context) else LARGE
        return verdict(seen(symptom, models.chosen, f"{what}; with {COMMON_WINDOW} tokens all would fit", size, in_ram))
    return verdict(measured=[size, in_ram])


async def _nobody_chose(context: Context) -> bool:
    """Whether it is known that no user set the window."""
    with contextlib.suppress(Skip):
        process, card = await context.fact(ServerProcess), await context.fact(ModelCard)
        by_service = process.environment.get("OLLAMA_CONTEXT_LENGTH", "0") not in ("", "0")
        return process.environment_readable and "num_ctx" not in card.parameters_text and not by_service
    return False
