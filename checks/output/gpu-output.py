"""What the GPU computes are numbers.

What: whether answers that were computed at least partly on a GPU are a flood of one character.

Why: one token over and over from the start (GGGG, @@@@, 8888) means that the values inside the computation became
not-a-number. With a sound file on a GPU the driver, the backend or flash attention is at fault, not the model.

How: the shape of the copied line, together with the share of the model in GPU memory or the server's process on a GPU.

Limits: only a run of the same file on the CPU alone proves that the file is sound; that reload is left to the user.
"""

import contextlib

from doctor.api import (
    Context,
    DecodeSpeed,
    Depth,
    Echo,
    Evidence,
    FileHealth,
    Gpus,
    LoadedModels,
    Reach,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    degeneration,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
ON_GPU = Symptom(
    id="glyph-flood-on-gpu", title="A GPU computes one character over and over", severity=Severity.CRITICAL
)


async def check(context: Context) -> Verdict:
    """Judge the flood where a GPU is at work."""
    place = await gpu_at_work(context)
    if place.value == 0:
        return verdict(measured=[place])
    texts = [(await context.fact(Echo)).exchange.text]
    with contextlib.suppress(Skip):
        texts.append((await context.fact(DecodeSpeed)).exchange.text)
    shape = degeneration("".join(texts))
    run = computed("longest run of one character", shape.longest_run, "characters", "probes P02, P13")
    if shape.kind != "glyph-flood":
        return verdict(measured=[run, place])
    bad: tuple[str, ...] = ()
    with contextlib.suppress(Skip):
        bad = (await context.fact(FileHealth)).bad_tensors
    if bad:
        raise Skip(f"the model's file itself holds bad weights ({bad[0]})")
    text = f"an answer computed on a GPU is a run of {shape.longest_run} times {shape.run_character!r}"
    return verdict(seen(ON_GPU, "GPU", text, place, run))


async def gpu_at_work(context: Context) -> Evidence:
    """What shows that a GPU computes the answers, the value 0 when there is none. Raises Skip without proof."""
    with contextlib.suppress(Skip):
        loaded = await context.fact(LoadedModels)
        for model in loaded.models:
            if model.gpu_share:
                return reported("model in GPU memory", percent(model.gpu_share), "", loaded.source)
    with contextlib.suppress(Skip):
        gpus = await context.fact(Gpus)
        if not gpus.devices and (await context.fact(Reach)).local:
            return reported("GPUs of this machine", 0, "", "; ".join(gpus.notes) or "drivers")
        process = await context.fact(ServerProcess)
        for gpu in gpus.devices:
            if any(tenant.pid == process.pid for tenant in gpu.tenants):
                return reported("GPU used by the server", gpu.name, "", gpu.source)
    raise Skip("nothing shows that a GPU computes the answers")
