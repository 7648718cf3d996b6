"""The whole model is in GPU memory.

What: which share of the loaded model is in GPU memory.

Why: layers in RAM are read at RAM speed; one layer out of five there can halve the decode rate.

How: the runtime's own split (Ollama reports it).

Limits: Ollama gives the file's size as GPU memory when it could not read the split; that counts as not reported. Other
runtimes do not report a split. That nothing is on the GPU is the business of the check gpu-use.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    LoadedModels,
    ModelCard,
    Models,
    Skip,
    Symptom,
    Verdict,
    mib,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
PARTIAL = Symptom(id="gpu-partial-offload", title="Only a part of the model is in GPU memory")
WHOLE = 0.99  # Ollama reports exactly 1 when every layer is on the GPU; the rest is rounding


async def check(context: Context) -> Verdict:
    """Read the split."""
    models, loaded = await context.fact(Models), await context.fact(LoadedModels)
    if models.remote:
        raise Skip("the model runs on another machine behind a local address")
    model = next((m for m in loaded.models if m.name == models.chosen), None)
    if model is None:
        raise Skip("the model is not loaded")
    share, size, on_gpu = model.gpu_share, model.size_bytes or 0, model.vram_bytes or 0
    if share is None:
        raise Skip("the runtime does not say how much of the model is in GPU memory")
    if size == on_gpu == await file_bytes(context):
        raise Skip("the runtime reports the file's size instead of a split")
    split = reported("share in GPU memory", round(share, 3), source=loaded.source)
    if share == 0 or share >= WHOLE:
        return verdict(measured=[split])
    summary = f"{percent(share)} of the model, {mib(on_gpu)} of {mib(size)}, is in GPU memory and the rest in RAM"
    in_gpu = reported("in GPU memory", on_gpu, "bytes", loaded.source)
    in_ram = reported("in RAM", size - on_gpu, "bytes", loaded.source)
    return verdict(seen(PARTIAL, model.name, summary, split, in_gpu, in_ram))


async def file_bytes(context: Context) -> int | None:
    """Size of the model's file, where it is known."""
    with contextlib.suppress(Skip):
        return (await context.fact(ModelCard)).size_bytes
    return None
