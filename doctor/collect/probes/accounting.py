"""P17: how many prompt tokens the server counted against how many were sent.

Expected tokens are exact where the server counts a prompt without generating (llama.cpp). Elsewhere two small texts,
one and two blocks long, give the tokens of a block and of everything around it, and the long text follows.
"""

import contextlib
import math
import random

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.locker_text import Lockers, LockerText
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CanaryText, Exchange, Identity, PromptAccounting, TextScale, Window
from doctor.model import Depth
from doctor.runtimes import adapter

COMPLETE = 0.98  # share of the expected tokens; the difference method is exact to a few tokens
OVER_LENGTH = 1.05
TOKENS_PER_WORD = 1.5  # of our sentences in the vocabularies of large models: 1.5 to 1.7
SMALLEST_WINDOW = 64  # a server that counts every prompt as fewer tokens than this does not count
# Above this window an over-length prompt takes minutes on a slow machine and teaches the same.
MAX_WINDOW_FOR_OVER_LENGTH = 16_384


async def collect_text_scale(context: Context) -> TextScale:
    """Ask one small text, and a second one where tokens cannot be counted otherwise. Raises Skip."""
    await ready(context)
    lockers = Lockers(random.SystemRandom())
    one = lockers.text(1)
    small = await ask(context, "accounting: one block", one.messages, max_tokens=1)
    if not small.ok:
        raise Skip(f"a prompt of {one.words} words was refused: {small.error}")
    first, second = await count(context, one), await count(context, lockers.text(2))
    exact = first is not None and second is not None
    if not exact:
        first = small.prompt_tokens
        double = await ask(context, "accounting: two blocks", lockers.text(2).messages, max_tokens=1)
        second = double.prompt_tokens if double.ok else None
    if exact and first == second:
        raise Skip("the chat template gives the same prompt for texts of different length")
    if not first or not second or first == second < SMALLEST_WINDOW:
        raise Skip("the server does not say how many prompt tokens it counted")
    if second - first < words_per_block() or first < one.words:
        # No text has fewer tokens than words: the short texts were cut or miscounted already, so words must do.
        first, second = (round(TOKENS_PER_WORD * text.words) for text in (one, lockers.text(2)))
    return TextScale(block=lockers.block, one_block=first, per_block=second - first, exact=exact, small=small)


async def lockers_and_scale(context: Context) -> tuple[Lockers, TextScale]:
    """Fresh codes in the sentences of the run's scale."""
    scale = await context.fact(TextScale)
    return Lockers(random.SystemRandom(), scale.block), scale


async def count(context: Context, text: LockerText) -> int | None:
    """Exact prompt tokens without generating, None where the server has no way to say."""
    identity = await context.fact(Identity)
    found: int | None = await adapter(identity).count_tokens(context, text.messages)
    return found


async def window_of(context: Context) -> int | None:
    """Tokens that one request may use, as far as the server says."""
    with contextlib.suppress(Skip):
        return (await context.fact(Window)).per_request
    return None


def counted_tokens(exchange: Exchange, expected: float | None) -> int | None:
    """Prompt tokens of an answer; cached ones are added where the server left them out."""
    counted = exchange.prompt_tokens
    if counted is None or expected is None or counted >= COMPLETE * expected:
        return counted
    with_cached = counted + (exchange.cached_tokens or 0)
    return with_cached if COMPLETE * expected <= with_cached <= (2 - COMPLETE) * expected else counted


async def collect_prompt_accounting(context: Context) -> PromptAccounting:
    """Count the long text of P16; where it looks short but that is no proof, a shorter text is counted too.

    Raises Skip when the text was refused or the server counts nothing.
    """
    canary = await context.fact(CanaryText)
    if not canary.exchange.ok:
        raise Skip(f"the long prompt was refused: {canary.exchange.error}")
    expected = canary.expected_tokens
    counted = counted_tokens(canary.exchange, expected)
    if not counted or expected is None:
        raise Skip("the server does not say how many prompt tokens it counted")
    small = canary.small.prompt_tokens if canary.small else None
    unproven = canary.words <= counted < COMPLETE * expected and not canary.exact
    if unproven:
        small = await count_between(context, canary, counted, expected) or small
    return PromptAccounting(
        expected=expected,
        counted=counted,
        at_least=canary.words,
        exact=canary.exact,
        window=canary.window,
        small_counted=small,
        source="tokenise endpoint" if canary.exact else "difference of two small prompts",
        over_length=await over_length(context, canary, expected),
    )


async def count_between(context: Context, canary: CanaryText, counted: int, expected: float) -> int | None:
    """Tokens counted for a text between what was counted and what was sent: the same number again is a limit."""
    share = (counted + expected) / 2 / expected
    blocks = max(1, round(share * canary.words / words_per_block()))
    lockers, _ = await lockers_and_scale(context)
    text = lockers.text(blocks)
    with contextlib.suppress(Skip):
        return (await ask(context, "accounting: shorter text", text.messages, max_tokens=1)).prompt_tokens
    return None


async def over_length(context: Context, canary: CanaryText, expected: float) -> Exchange | None:
    """Deep only: the answer to a prompt 5 % longer than the window; None where it was not asked."""
    window = canary.window
    if context.depth is not Depth.DEEP or window is None or window > MAX_WINDOW_FOR_OVER_LENGTH:
        return None
    per_block = expected / canary.words * words_per_block()
    lockers, _ = await lockers_and_scale(context)
    text = lockers.text(math.ceil(OVER_LENGTH * window / per_block))
    with contextlib.suppress(Skip):
        return await ask(context, "accounting: over-length", text.messages, max_tokens=16)
    return None


def words_per_block() -> int:
    """Words that one more block adds."""
    lockers = Lockers(random.Random(0))  # noqa: S311 - any block has as many words
    return lockers.text(2).words - lockers.text(1).words
