"""How long a context the free memory allows.

What: the context at which the model would leave the GPU (or fill the RAM), from the model's own header, the settings of
the server and the memory that is free now.

Why: a longer window is set one day, and the same model is suddenly ten times slower: part of it moved to the processor.

How: what the model takes now is what the runtime reports, else what llama.cpp's own program says, else computed from
the header; each further token is computed by layer kind. 1 GiB stays free. A runtime that reserves its cache has room
for the window that it serves, so this is a note; one that lets the cache grow will meet the limit: a warning.

Limits: only where the model's file can be read and one GPU, or the RAM, holds all of it.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Footprint,
    Severity,
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
AHEAD = Symptom(id="spill-ahead", title="A longer context will not fit into memory", severity=Severity.NOTE)
# A context for documents and agents; where this much fits, nobody is surprised.
ENOUGH_TOKENS = 32_768
# Below this the slope says little: such a model is small beside everything else.
SMALLEST_BYTES = 256 << 20
BASIS = "GGUF header, formula of llama.cpp's allocations"


async def check(context: Context) -> Verdict:
    """Compare the context that fits with what the model was trained for and with what the server promises."""
    found = await context.fact(Footprint)
    if found.free_bytes is None or found.tokens_that_fit is None:
        raise Skip(found.why_spread)
    if found.bytes_per_token < 1:
        raise Skip("the model's memory does not grow with the context")
    fits = computed("context that fits", found.tokens_that_fit, "tokens", BASIS)
    free = reported(f"free {found.where}", found.free_bytes, "B", "driver" if "GPU" in found.where else "kernel")
    measured = [_needs(found), fits, free]
    about = _about(found.tokens_that_fit)
    if found.grows and found.tokens_that_fit < found.context:
        text = f"the cache grows as it fills: at about {about} tokens this will leave {found.where}"
        text += f", {mib(found.free_bytes)} are free now"
        return verdict(seen(AHEAD, found.where, text, *measured, severity=Severity.WARNING))
    enough = min(found.trained_context or ENOUGH_TOKENS, ENOUGH_TOKENS)
    if found.tokens_that_fit >= enough or found.held_bytes < SMALLEST_BYTES:
        return verdict(measured=measured)
    words = f"with a context of more than about {about} tokens this will leave {found.where}"
    now = "the cache grows as it fills" if found.grows else f"it serves {found.context} now"
    return verdict(seen(AHEAD, found.where, f"{words}; {now}", *measured))


def _needs(found: Footprint) -> Evidence:
    """What the model takes now, with whose number it is."""
    label = "model with its cache and buffers"
    if found.reported_bytes:
        return reported(label, found.reported_bytes, "B", "runtime")
    if found.origin == "probed":
        return probed(label, found.held_bytes, "B", "llama-fit-params with the server's options")
    return computed(label, found.held_bytes, "B", BASIS)


def _about(tokens: int) -> str:
    """A number of tokens with two digits that count."""
    digits = max(0, len(str(tokens)) - 2)
    return f"{tokens // 10**digits * 10**digits:,}".replace(",", " ")
