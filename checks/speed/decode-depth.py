"""Decoding stays quick when the context fills.

What: the decode rate behind a long prompt against the rate behind a short one.

Why: the cache is read for every token, so some slowing is arithmetic; losing half within a few thousand tokens points
at attention without its fast path.

How: the server's own timings of P13 (short) and P16 (thousands of tokens), and whether flash attention was switched
off. Both are notes: a slope alone is no fault.

Limits: needs a server that reports timings, a long probe of at least 2000 tokens and a model of 1.5 billion parameters.
"""

import contextlib

from doctor.api import (
    CanaryText,
    Context,
    DecodeSpeed,
    Depth,
    ModelCard,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    percent,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
SLOPE = Symptom(id="decode-slows-with-depth", title="Decoding slows as the context fills", severity=Severity.NOTE)
NO_FLASH = Symptom(
    id="flash-attention-missed", title="Decoding slows and flash attention is off", severity=Severity.NOTE
)

KEPT_SHARE = 0.60  # the catalogue's limit at 8k; at 2k to 5k it is the more lenient one
LONG_TOKENS = 2000
SMALLEST_PARAMETERS = 1.5e9  # the speed model's own lower end
ENOUGH_TOKENS = 12  # of an answer, for a rate that means something
OFF = ("off", "0", "false", "disabled")


async def check(context: Context) -> Verdict:
    """Rate at depth over rate at the start."""
    long = (await context.fact(CanaryText)).exchange
    short = await context.fact(DecodeSpeed)
    if long.decode_tok_s is None or (long.completion_tokens or 0) < ENOUGH_TOKENS:
        raise Skip("the server does not report how fast it decoded behind the long prompt")
    if (long.prompt_tokens or 0) < LONG_TOKENS or short.tok_s <= 0:
        raise Skip("the long probe was too short to show a slope")
    if ((await context.fact(ModelCard)).parameters or 0) < SMALLEST_PARAMETERS:
        raise Skip("in so small a model attention outweighs the weights, and slowing is normal")
    share = long.decode_tok_s / short.tok_s
    measured = [
        probed("decode rate, short prompt", round(short.tok_s, 1), "tok/s", "P13"),
        probed(f"decode rate behind {long.prompt_tokens} tokens", round(long.decode_tok_s, 1), "tok/s", "P16"),
    ]
    if share >= KEPT_SHARE:
        return verdict(measured=measured)
    text = f"behind {long.prompt_tokens} tokens the decode rate is {percent(share)} of that behind a short prompt"
    off = await _switched_off(context)
    if off:
        setting = reported("flash attention", off, "", "server options")
        return verdict(seen(NO_FLASH, "decode rate", f"{text}; flash attention is {off}", *measured, setting))
    return verdict(seen(SLOPE, "decode rate", text, *measured))


async def _switched_off(context: Context) -> str:
    """The setting that switches flash attention off, "" when none does."""
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        asked = (
            server.option_anywhere("-fa", "--flash-attn"),
            server.environment.get("LLAMA_ARG_FLASH_ATTN"),
            server.environment.get("OLLAMA_FLASH_ATTENTION"),
        )
        return next((value for value in asked if value and value.lower() in OFF), "")
    return ""
