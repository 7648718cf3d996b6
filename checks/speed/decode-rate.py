"""Decoding is as fast as this machine allows.

What: tokens per second of one answer against what the model's size and the memory's bandwidth allow.

Why: "slow" has no meaning without the hardware: 8 tokens per second are fine for one machine and a tenth of another.

How: P13's steady rate; bytes read for each token over bandwidth that healthy stacks reach, plus a fixed cost a layer.
Only a rate below that of 95 % of healthy machines counts. The best placement sets the bound, the reported one tells
whether offloading alone explains the rate. Where no bound is known, less than 3 tokens per second are reported as such.

Limits: no verdict for models under 1.5 billion parameters or 2 GB, with speculative decoding, or while others use it.
"""

import contextlib

from doctor.api import (
    Context,
    DecodeBound,
    DecodeSpeed,
    Depth,
    Evidence,
    Finding,
    GpusAtWork,
    Models,
    Severity,
    Skip,
    Slots,
    Symptom,
    Verdict,
    computed,
    percent,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
SLOW = Symptom(id="decode-below-bound", title="Answers come slower than this machine allows")

UNBEARABLE_TOK_S = 3.0


async def check(context: Context) -> Verdict:
    """The measured rate against the bound."""
    if (await context.fact(Models)).remote:
        raise Skip("the model runs on somebody else's machine")
    with contextlib.suppress(Skip):
        await context.fact(GpusAtWork)  # before the probe: it looks while the probe runs
    speed = await context.fact(DecodeSpeed)
    rate = probed("decode rate", round(speed.tok_s, 2), "tok/s", f"P13, {speed.source}")
    if speed.draft_tokens:
        return verdict(measured=[rate, probed("tokens from a draft model", speed.draft_tokens)])
    if await _others_use_it(context):
        raise Skip("other requests were being worked on, so the rate is not of one stream")
    try:
        bound = await context.fact(DecodeBound)
    except Skip as skip:
        return verdict(_unbearable(rate, speed.tok_s, skip.reason), measured=[rate])
    allowed = computed("possible here", bound.best_tok_s, "tok/s", f"{bound.device}; {bound.basis}")
    limit = computed("slow below", bound.best_slow_below_tok_s, "tok/s", "95 % of healthy machines are faster")
    if bound.advise_only:
        return verdict(measured=[rate, computed("no verdict", bound.why_advise_only)])
    if speed.tok_s >= bound.best_slow_below_tok_s:
        return verdict(_hardware(rate, speed.tok_s, bound, allowed), measured=[rate, allowed, limit])
    text = f"{speed.tok_s:.1f} tok/s, {percent(speed.tok_s / bound.best_tok_s)} of the {bound.best_tok_s:.0f} possible"
    below = seen(SLOW, "decode rate", f"{text} here; {_placement(speed, bound)}", rate, allowed, limit)
    return verdict(below, measured=[rate, allowed, limit])


async def _others_use_it(context: Context) -> bool:
    with contextlib.suppress(Skip):
        return (await context.fact(Slots)).busy > 0
    return False


def _unbearable(rate: Evidence, tok_s: float, reason: str) -> Finding | None:
    text = f"{tok_s:.1f} tok/s; what this machine allows cannot be computed: {reason}"
    return seen(SLOW, "decode rate", text, rate) if tok_s < UNBEARABLE_TOK_S else None


def _hardware(rate: Evidence, tok_s: float, bound: DecodeBound, allowed: Evidence) -> Finding | None:
    """A note where a very slow answer is all that the hardware gives."""
    text = (
        f"{tok_s:.1f} tok/s is what this machine gives with a model of this size: {bound.best_tok_s:.1f} are possible"
    )
    slow = tok_s < UNBEARABLE_TOK_S
    return seen(SLOW, "decode rate", text, rate, allowed, severity=Severity.NOTE) if slow else None


def _placement(speed: DecodeSpeed, bound: DecodeBound) -> str:
    if bound.placed_slow_below_tok_s is None or bound.gpu_share is None:
        return "the runtime does not say where the model lies"
    if speed.tok_s >= bound.placed_slow_below_tok_s:
        return f"with {percent(bound.gpu_share)} of the model on the GPU, its placement alone explains it"
    return f"with {percent(bound.gpu_share)} of the model on the GPU, its placement does not explain it"
