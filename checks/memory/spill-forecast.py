"""How long a context the free memory allows.

What: the context at which the model would leave the GPU (or fill the RAM), from the model's own header, the settings of
the server and the memory that is free now.

Why: a longer window is set one day, and the same model is suddenly ten times slower: part of it moved to the processor.

How: weights, KV cache by layer kind, state and compute buffers are computed as llama.cpp allocates them; 1 GiB stays
free. A runtime that reserves its cache has room for the window that it serves, so this is a note; one that lets the
cache grow will meet the limit while it works, which is a warning.

Limits: only where the model's file can be read and one GPU, or the RAM, holds all of it.
"""

from doctor.api import (
    Context,
    Depth,
    Footprint,
    Severity,
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
AHEAD = Symptom(id="spill-ahead", title="A longer context will not fit into memory", severity=Severity.NOTE)
# A context for documents and agents; where this much fits, nobody is surprised.
ENOUGH_TOKENS = 32_768
# Below this the slope says little: such a model is small beside everything else.
SMALLEST_BYTES = 256 << 20


async def check(context: Context) -> Verdict:
    """Compare the context that fits with what the model was trained for and with what the server promises."""
    found = await context.fact(Footprint)
    held = found.weights_bytes + found.kv_bytes + found.compute_bytes
    if found.bytes_per_token < 1:
        raise Skip("the model's memory does not grow with the context")
    basis = "GGUF header, formula of llama.cpp's allocations"
    needs = computed("model with its cache and buffers", held, "B", basis)
    fits = computed("context that fits", found.tokens_that_fit, "tokens", basis)
    free = reported(f"free {found.where}", found.free_bytes, "B", "driver" if "GPU" in found.where else "kernel")
    measured = [needs, fits, free]
    if found.grows and found.tokens_that_fit < found.context:
        limit = _about(found.tokens_that_fit)
        words = f"the cache grows as it fills: at about {limit} tokens this will leave {found.where}"
        return verdict(
            seen(
                AHEAD,
                found.where,
                f"{words}, {mib(found.free_bytes)} are free now",
                *measured,
                severity=Severity.WARNING,
            )
        )
    trained = found.trained_context
    if found.tokens_that_fit >= min(trained or ENOUGH_TOKENS, ENOUGH_TOKENS) or held < SMALLEST_BYTES:
        return verdict(measured=measured)
    words = f"with a context of more than about {_about(found.tokens_that_fit)} tokens this will leave {found.where}"
    return verdict(seen(AHEAD, found.where, f"{words}; it serves {found.context} now", *measured))


def _about(tokens: int) -> str:
    """A number of tokens with two digits that count."""
    digits = max(0, len(str(tokens)) - 2)
    return f"{tokens // 10**digits * 10**digits:,}".replace(",", " ")
