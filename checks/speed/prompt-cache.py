"""A conversation is not read from the beginning at every turn.

What: the share of a long prompt that the server did not have to compute again when the same prompt came with one
sentence more.

Why: chat programs send the whole conversation every time. Without a prompt cache each turn waits for all of it, which
makes long chats and agents slow while the decode rate looks fine.

How: about 1000 tokens of text after a fresh nonce, one output token, twice; the second time with a sentence appended.
Reported cached tokens count; without them the times to the first token are compared, if they are long enough to tell.

Limits: a client that puts a clock or a counter at the head of its prompts defeats any cache, and is not seen here.
"""

from doctor.api import (
    CacheReuse,
    Context,
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
REPROCESSED = Symptom(id="prompt-reprocessed", title="The server reads the whole prompt again at every turn")
LITTLE_REUSE = 0.4  # below this the prompt counts as read again (probe P15)
WARM_SHARE = 0.6  # of the cold time; a cached prompt takes far less
MEASURABLE_S = 1.5  # shorter waits for a first token vary too much to compare


async def check(context: Context) -> Verdict:
    """Judge by cached tokens where they are counted, else by time."""
    cache = await context.fact(CacheReuse)
    cold_s, warm_s = waited(cache.cold), waited(cache.warm)
    times = [
        probed("first token, new prompt", round(cold_s, 3), "s", cache.cold.route),
        probed("first token, same prompt and one sentence", round(warm_s, 3), "s", cache.warm.route),
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
    text = f"the same prompt again took {warm_s:.1f} s to its first token, {cold_s:.1f} s when it was new"
    return verdict(seen(REPROCESSED, "prompt cache", text, *times), measured=times)


def waited(exchange: Exchange) -> float:
    """Seconds to the first token."""
    return exchange.first_token_s or exchange.total_s
