"""A conversation is not read from the beginning at every turn.

What: the share of a long prompt that the server did not have to compute again when the same prompt came with one
sentence more.

Why: chat programs send the whole conversation every time. Without a prompt cache each turn waits for all of it, which
makes long chats and agents slow while the decode rate looks fine.

How: about 1000 tokens of text after a fresh nonce, one output token, twice; the second time with a sentence appended.
Reported cached tokens count; without them the times to the first token, less that of one token, are compared.

Limits: a client that puts a clock or a counter at the head of its prompts defeats any cache, and is not seen here.
"""

import contextlib

from doctor.api import (
    CacheReuse,
    Context,
    DecodeSpeed,
    Depth,
    Exchange,
    Skip,
    Symptom,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
# Semantic: a cut prompt, a reload or a busy machine looks the same, and is settled first.
REPROCESSED = Symptom(
    id="prompt-reprocessed", title="The server reads the whole prompt again at every turn", semantic=True
)
LITTLE_REUSE = 0.4  # below this the prompt counts as read again (probe P15)
WARM_SHARE = 0.6  # of the cold time; a cached prompt takes far less
MEASURABLE_S = 1.5  # shorter waits for a first token vary too much to compare


async def check(context: Context) -> Verdict:
    """Judge by cached tokens where they are counted, else by time."""
    cache = await context.fact(CacheReuse)
    step_s = await one_token_s(context)
    cold_s, warm_s = waited(cache.cold, step_s), waited(cache.warm, step_s)
    times = [
        probed("reading a new prompt", round(cold_s, 3), "s", cache.cold.route),
        probed("reading the same prompt and one sentence", round(warm_s, 3), "s", cache.warm.route),
    ]
    slower = warm_s > WARM_SHARE * cold_s
    if cache.warm.cached_tokens is not None and cache.reuse is not None:
        cached = reported("cached tokens of the second prompt", cache.warm.cached_tokens, "tokens", cache.warm.route)
        share = computed("prompt reused", round(cache.reuse, 2), "", "cached tokens / prompt tokens")
        if cache.reuse >= LITTLE_REUSE or not slower:
            return verdict(measured=[share, cached, *times])
        text = f"of {cache.warm.prompt_tokens} prompt tokens just sent before, {cache.warm.cached_tokens} were reused"
        return verdict(seen(REPROCESSED, "prompt cache", text, share, cached, *times), measured=[share, cached, *times])
    if cold_s < MEASURABLE_S:
        raise Skip(
            f"the server does not count cached tokens, and {cold_s:.2f} s for a new prompt is too short to compare"
        )
    if not slower:
        return verdict(measured=times)
    text = f"reading the same prompt again took {warm_s:.1f} s, {cold_s:.1f} s when it was new"
    return verdict(seen(REPROCESSED, "prompt cache", text, *times), measured=times)


def waited(exchange: Exchange, step_s: float) -> float:
    """Seconds of reading the prompt: up to the first token, without the time that writing one takes."""
    return max(0.0, (exchange.first_token_s or exchange.total_s) - step_s)


async def one_token_s(context: Context) -> float:
    """Seconds that the model takes for one token, 0 when its rate is not known."""
    with contextlib.suppress(Skip):
        return 1.0 / max((await context.fact(DecodeSpeed)).tok_s, 0.1)
    return 0.0
