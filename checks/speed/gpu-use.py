"""The graphics card of this machine is used.

What: whether a model is in GPU memory at all, and in that of the graphics card and not of another device.

Why: a lost driver, a container without the card or a build without GPU support leave it idle without an error, and
the model runs on the processor, five to twenty times slower.

How: the runtime's own split, and the memory in use on all graphics cards together, by any program. Cards that hold
less than a tenth of what should be there cannot hold the model.

Limits: only for servers of this machine. Cards below 3 GiB and processors' own graphics are left out. A model that
was loaded after the cards were looked at is judged by the runtime's split alone.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Gpu,
    Gpus,
    LoadedModels,
    Models,
    Reach,
    ServerProcess,
    Skip,
    Symptom,
    Verdict,
    computed,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
UNUSED = Symptom(id="gpu-unused", title="The graphics card is not used")
AMD = Symptom(id="amd-gpu-unused", title="The AMD graphics card is not used")
OTHER = Symptom(id="other-gpu-used", title="Another device than the graphics card is used")
FAR_LESS = 0.1
MIN_BYTES = 1 << 30  # a desktop alone uses some hundred MiB of GPU memory


async def check(context: Context) -> Verdict:
    """Compare what should be on the cards with what is there."""
    if (await context.fact(Models)).remote:
        raise Skip("the model runs on another machine behind a local address")
    cards = await usable_cards(context)
    number = reported("usable graphics cards", len(cards), source="GPU drivers")
    if not cards:
        return verdict(measured=[number])
    loaded = await context.fact(LoadedModels)
    if not loaded.models:
        raise Skip("no model is loaded")
    names = ", ".join(card.name for card in cards)
    unused = AMD if all(card.vendor == "amd" for card in cards) else UNUSED
    sizes = [model.vram_bytes for model in loaded.models]
    on_gpu = reported("in GPU memory", sum(n or 0 for n in sizes), "bytes", loaded.source)
    if None not in sizes and not on_gpu.value:
        return verdict(seen(unused, names, f"no part of the model is in GPU memory although {names} is there", on_gpu))
    used = [None if card.unified else card.memory_used_bytes for card in cards]
    if loaded.by_us or None in used:
        return verdict(measured=[number, on_gpu])
    held = sum(n or 0 for n in used)
    total = sum((m.size_bytes if m.vram_bytes is None else m.vram_bytes) or 0 for m in loaded.models)
    in_use = computed("memory in use on all cards", held, "bytes", "sum over the cards, all programs")
    if total < MIN_BYTES or held >= FAR_LESS * total:
        return verdict(measured=[number, in_use])
    if None in sizes:
        summary = f"the model has {mib(total)}, all programs together use {mib(held)} of GPU memory on {names}"
        return verdict(seen(unused, names, summary, in_use, number))
    summary = f"{mib(total)} are said to be in GPU memory, {names} holds {mib(held)} in all"
    return verdict(seen(OTHER, names, summary, in_use, on_gpu))


async def usable_cards(context: Context) -> list[Gpu]:
    """Graphics cards worth using. None behind a tunnel. Raises Skip when the server is elsewhere."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server is on another machine, whose graphics cards are not visible from here")
    with contextlib.suppress(Skip):  # a process of another user cannot be looked at; a tunnel is the user's own
        if (await context.fact(ServerProcess)).tunnel:
            return []
    return list((await context.fact(Gpus)).usable)
