"""The loaded models have room beside each other.

What: whether several models are in memory and one of them had to go into RAM in part because of the others.

Why: a chat model, an embedder and an autocomplete model that do not fit together evict or slow each other.

How: the runtime's list of loaded models with their split; the others must hold as much GPU memory as the part in RAM
would need.

Limits: runtimes that do not report the split are not judged; models of another server on the same card are other
programs (see the check gpu-memory).
"""

from doctor.api import Context, Depth, LoadedModels, Models, Skip, Symptom, Verdict, mib, reported, seen, verdict

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
COMPETE = Symptom(id="models-compete", title="Loaded models take GPU memory from each other")


async def check(context: Context) -> Verdict:
    """Compare what is missing on the GPU with what other models hold there."""
    if (await context.fact(Models)).remote:
        raise Skip("the model runs on another machine behind a local address")
    loaded = await context.fact(LoadedModels)
    count = reported("loaded models", len(loaded.models), source=loaded.source)
    known = [m for m in loaded.models if m.size_bytes is not None and m.vram_bytes is not None]
    if len(loaded.models) > 1 and len(known) < len(loaded.models):
        raise Skip("the runtime does not say how much memory each loaded model takes")
    for model in known:
        missing = (model.size_bytes or 0) - (model.vram_bytes or 0)
        others = [m for m in known if m is not model]
        held = sum(m.vram_bytes or 0 for m in others)
        if 0 < missing <= held:
            names = ", ".join(m.name for m in others)
            summary = f"{mib(missing)} of {model.name} are in RAM while {names} hold {mib(held)} of GPU memory"
            in_ram = reported(f"{model.name} in RAM", missing, "bytes", loaded.source)
            theirs = reported("GPU memory of the other loaded models", held, "bytes", loaded.source)
            return verdict(seen(COMPETE, model.name, summary, count, in_ram, theirs))
    return verdict(measured=[count])
