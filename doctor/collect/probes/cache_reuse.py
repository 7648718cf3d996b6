"""P14 and P15: a long prompt that the server has never seen, then the same with one sentence more."""

import random
import string

from doctor.collect.probes.ask import ask, ready
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CacheReuse, Echo, Exchange, Window

WORDS = 700  # about 1000 tokens in the vocabularies of today
WORDS_WHEN_SLOW = 180  # about 256 tokens
SLOW_PREFILL_TOK_S = 150.0
MIN_WORDS = 120
TOKENS_A_WORD = 3  # at most, in English with a small vocabulary
DEADLINE_S = 45.0
SENTENCE = "Locker {locker} holds a {what}."
THINGS = ("copper kettle", "blue blanket", "wooden spoon", "paper map", "clay bowl", "silver coin", "glass jar")


async def collect_cache_reuse(context: Context) -> CacheReuse:
    """Two requests of one output token. Raises Skip when the window is too small or an answer fails."""
    await ready(context)
    text = filler(await affordable_words(context))
    cold = await long_prompt(context, "P14", f"{text}\n\nReply ok.")
    warm = await long_prompt(context, "P15", f"{text}\n\nReply ok. Use lower case letters only.")
    reuse, source = reused(cold, warm)
    return CacheReuse(cold=cold, warm=warm, reuse=reuse, source=source)


async def affordable_words(context: Context) -> int:
    """Words of the long prompt: fewer where the window is small or the server reads slowly."""
    words = WORDS
    try:
        echo = (await context.fact(Echo)).exchange
        if (prefill_tok_s(echo) or SLOW_PREFILL_TOK_S) < SLOW_PREFILL_TOK_S:
            words = WORDS_WHEN_SLOW
    except Skip:
        pass
    try:
        window = (await context.fact(Window)).per_request
    except Skip:
        window = None
    if window:
        words = min(words, window // (TOKENS_A_WORD + 1))
    if words < MIN_WORDS:
        raise Skip(f"the window of {window} tokens is too small to measure whether a prompt is read again")
    return words


def prefill_tok_s(exchange: Exchange) -> float | None:
    """Prompt tokens per second, as reported or from the time to the first token (a lower bound)."""
    if exchange.prompt_tok_s:
        return exchange.prompt_tok_s
    if exchange.prompt_tokens and exchange.first_token_s:
        return exchange.prompt_tokens / exchange.first_token_s
    return None


def filler(words: int) -> str:
    """Sentences of about that many words after a fresh nonce, so that no earlier run's cache helps."""
    nonce = "".join(random.choices(string.ascii_lowercase, k=8))  # noqa: S311 - no secret
    sentences = [
        SENTENCE.format(locker=f"{string.ascii_uppercase[i % 26]}{i + 10}", what=THINGS[i % len(THINGS)])
        for i in range(words // 6)
    ]
    return f"{nonce} " + " ".join(sentences)


async def long_prompt(context: Context, purpose: str, text: str) -> Exchange:
    """One request for one token. Raises Skip on a refusal."""
    answer = await ask(
        context, purpose, [{"role": "user", "content": text}], max_tokens=1, stream=True, deadline_s=DEADLINE_S
    )
    if not answer.ok:
        raise Skip(f"the server refused a prompt of {answer.sent_words} words ({answer.error})")
    return answer


def reused(cold: Exchange, warm: Exchange) -> tuple[float | None, str]:
    """Share of the second prompt that was not read again, and how that is known.

    Counted tokens where the server reports them; else 1 - time to first token over that of the cold prompt.
    """
    if warm.cached_tokens is not None and warm.prompt_tokens:
        return min(1.0, warm.cached_tokens / warm.prompt_tokens), "cached tokens"
    cold_s, warm_s = cold.first_token_s or cold.total_s, warm.first_token_s or warm.total_s
    if cold_s > 0:
        return max(0.0, 1.0 - warm_s / cold_s), "time to first token"
    return None, ""
