"""A model that is wholly on the GPU reaches the GPU's speed.

What: the decode rate of a model whose every layer is on the GPU, against what that GPU reaches with a healthy stack.

Why: with offload, heat and other programs ruled out, what is left is the software that computes, or a driver that keeps
a part of the "GPU memory" in RAM without a word.

How: less than half of the bound, the whole model on the GPU and no throttle reason while it decoded; on Windows,
whether the card's memory is full to 97 %.

Limits: no control model is run; a slow processor or bus beside a fast card looks the same.
"""

import contextlib

from doctor.api import (
    Context,
    DecodeBound,
    DecodeSpeed,
    Depth,
    Evidence,
    GpusAtWork,
    ServerProcess,
    Skip,
    Slots,
    Symptom,
    System,
    Verdict,
    computed,
    percent,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
FULL = Symptom(id="full-offload-still-slow", title="The whole model is on the GPU and decodes far below what it can")
SPILLED = Symptom(id="gpu-memory-spilled", title="The GPU's memory is full and the driver keeps a part in RAM")

WHOLE = 0.995
SPILLED_SHARE = 0.97  # of the card's own memory; Windows' driver pages instead of failing
OTHERS_SHARE = 0.20  # of the GPU's time


async def check(context: Context) -> Verdict:
    """Rate of a fully offloaded model against its bound."""
    work = await context.fact(GpusAtWork)
    bound = await context.fact(DecodeBound)
    speed = await context.fact(DecodeSpeed)
    limit = bound.placed_very_slow_below_tok_s
    if limit is None or (bound.gpu_share or 0) < WHOLE:
        raise Skip("the model is not known to be wholly on the GPU")
    if bound.advise_only or speed.draft_tokens:
        raise Skip(bound.why_advise_only or "a draft model was at work")
    if await _shared(context, work):
        raise Skip("others used the GPU or the server meanwhile")
    rate = probed("decode rate", round(speed.tok_s, 2), "tok/s", f"P13, {speed.source}")
    line = computed("very slow below", limit, "tok/s", f"{bound.device}; {bound.basis}")
    if speed.tok_s >= limit:
        return verdict(measured=[rate, line])
    held = sorted({reason for gpu in work.devices for reason in gpu.throttle})
    if held:
        raise Skip(f"the GPU was held down meanwhile ({', '.join(held)})")
    used = max(
        ((g.memory_used_bytes or 0) / g.memory_total_bytes for g in work.devices if g.memory_total_bytes), default=0
    )
    memory = reported("GPU memory in use", round(used, 3), "share", work.devices[0].source)
    text = f"all of the model is on the GPU and no throttling is reported, yet it decodes at {speed.tok_s:.1f} tok/s"
    if used > SPILLED_SHARE and (await context.fact(System)).os == "windows":
        full = f"{percent(used)} of the GPU's memory is in use and the rate is {speed.tok_s:.1f} tok/s"
        return verdict(seen(SPILLED, "GPU memory", full, rate, line, memory))
    backends = await _backends(context)
    with_what = f" It computes with {backends.value}." if backends else ""
    said = [rate, line, memory, *([backends] if backends else [])]
    return verdict(seen(FULL, "GPU", f"{text}; below {limit:.0f} is very slow for it.{with_what}", *said))


async def _backends(context: Context) -> Evidence | None:
    """The GPU libraries that the server has in memory, where they can be read."""
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        if server.backends:
            return reported("GPU libraries of the server", ", ".join(server.backends), "", "process")
    return None


async def _shared(context: Context, work: GpusAtWork) -> bool:
    """Whether another request or another program had a part of the GPU's time."""
    busy = 0
    with contextlib.suppress(Skip):
        busy = (await context.fact(Slots)).busy
    own: set[int] = set()
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        own = {server.pid, *server.child_pids}
    busiest = {t.pid for gpu in work.devices for t in gpu.tenants if (t.utilisation or 0) >= OTHERS_SHARE}
    return busy > 0 or len(busiest - own) > (0 if own else 1)
