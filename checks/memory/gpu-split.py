"""Several GPUs fill up evenly.

What: how full each of several GPUs is, while part of the model had to stay outside all of them.

Why: a split by a fixed proportion, or over a small card or one with a desktop on it, is full at one card while another
has room for all that went to RAM.

How: the driver's numbers. One card with less than 5 % free, another with 30 percentage points more, and room there for
the part outside, are a bad split.

Limits: not where variables or options of the server name the cards that it may use, which is a choice; nor where a
program that holds more than 1 GiB on the full card is not the server's, which the check gpu-memory names.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Gpu,
    Gpus,
    LoadedModels,
    Reach,
    ServerProcess,
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
UNEVEN = Symptom(id="gpu-split-uneven", title="One of several GPUs is full while another has room for the rest")

FULL_SHARE = 0.05  # free, of the card
SPREAD = 0.30  # the catalogue's difference between the cards' free shares
TENANT_BYTES = 1 << 30  # a desktop session holds 0.3 to 1 GiB
WHOLE = 0.995
CHOICES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES")
OPTIONS = ("-dev", "--device", "-sm", "--split-mode")


async def check(context: Context) -> Verdict:
    """Free shares of the cards against what is outside."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose GPUs cannot be seen from here")
    gpus = [g for g in (await context.fact(Gpus)).usable if g.memory_total_bytes and g.memory_free_bytes is not None]
    gpus = sorted((gpu for gpu in gpus if not gpu.unified), key=_free_share)
    if len(gpus) < 2:
        raise Skip("there are not several GPUs with memory of their own")
    measured = [reported(f"GPU {g.index}, {g.name}: free", g.memory_free_bytes, "bytes", g.source) for g in gpus]
    models = (await context.fact(LoadedModels)).models
    split = [m for m in models if m.size_bytes and m.vram_bytes and (m.gpu_share or 1) < WHOLE]
    outside = sum((m.size_bytes or 0) - (m.vram_bytes or 0) for m in split)
    full, roomy = gpus[0], gpus[-1]
    spread = _free_share(roomy) - _free_share(full)
    room = (roomy.memory_free_bytes or 0) - (roomy.memory_total_bytes or 0) * FULL_SHARE
    if not outside or _free_share(full) >= FULL_SHARE or spread <= SPREAD or room < outside:
        return verdict(measured=measured)
    if await _chosen(context, full):
        return verdict(measured=measured)
    left = reported("part of the model outside GPU memory", outside, "bytes", "runtime")
    text = f"GPU {full.index} ({full.name}) has {percent(_free_share(full))} free, GPU {roomy.index} ({roomy.name}) "
    text += f"{percent(_free_share(roomy))}, and {mib(outside)} of the model is in RAM"
    return verdict(seen(UNEVEN, "GPU memory", text, *measured, left))


def _free_share(gpu: Gpu) -> float:
    return (gpu.memory_free_bytes or 0) / (gpu.memory_total_bytes or 1)


async def _chosen(context: Context, full: Gpu) -> bool:
    """Whether somebody chose the cards, or another program fills the full one."""
    own: set[int] = set()
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        own = {server.pid, *server.child_pids}
        if any(server.environment.get(name) for name in CHOICES) or server.option_anywhere(*OPTIONS):
            return True
    foreign = [t for t in full.tenants if t.pid not in own and (t.memory_bytes or 0) > TENANT_BYTES]
    return bool(own and foreign)
