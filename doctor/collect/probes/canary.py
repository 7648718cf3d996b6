"""P16: codes hidden at several depths of a long text, asked for at its end."""

import contextlib

import msgspec

from doctor.collect.probes.accounting import COMPLETE, count, counted_tokens, lockers_and_scale, window_of
from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.locker_text import Lockers, read_needles
from doctor.collect.probes.model_size import is_small
from doctor.collect.probes.pace import measured_tok_s, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CanaryText, TextScale
from doctor.model import Depth

QUICK_TOKENS = 5000
DEEP_TOKENS = 12_000
UNKNOWN_WINDOW_TOKENS = 3000
PREFILL_S = 20.0
SLOW_PREFILL_TOK_S, SLOW_PREFILL_TOKENS = 150.0, 3000  # adaptive rule 2 of the probes
RESERVE_TOKENS = 600  # for the answer and a template's surroundings; a quarter of a window below 2400
ANSWER_TOKENS = 48  # four lines of `colour=code`: 32 to 40 tokens with digits one by one
ENOUGH = 3  # of four codes; one miss is no sign of anything
SHORT_BLOCKS = 2
SLOWEST_TOK_S = 3.0  # below it four codes take longer than the rest of a quick run; the tokens are counted all the same


async def collect_canary(context: Context) -> CanaryText:
    """Ask for four codes in a text as long as window, prefill speed and budget allow; twice more after misses.

    Raises Skip when even a short prompt is refused or the server does not count tokens.
    """
    await ready(context)
    lockers, scale = await lockers_and_scale(context)
    window = await window_of(context)
    blocks = scale.blocks(target_tokens(context, scale, window))
    long = await read(context, lockers, scale, blocks, window, await answer_tokens(context))
    if cut_and_mute(long):
        return await with_question_first(context, long, blocks)
    if not asks_again(long):
        return long
    repeats = []
    with contextlib.suppress(Skip):
        for fewer in sorted({min(SHORT_BLOCKS, blocks), max(1, blocks // 2)}):
            codes, _ = await lockers_and_scale(context)
            repeats.append(await read(context, codes, scale, fewer, window, ANSWER_TOKENS))
    return msgspec.structs.replace(long, repeats=tuple(repeats), small_model=await is_small(context))


def target_tokens(context: Context, scale: TextScale, window: int | None) -> float:
    """Prompt tokens to aim at: what fits the window, the prefill time and the depth."""
    room = UNKNOWN_WINDOW_TOKENS if window is None else window - min(RESERVE_TOKENS, window // 4)
    most = DEEP_TOKENS if context.depth is Depth.DEEP else QUICK_TOKENS
    if scale.prompt_tok_s < SLOW_PREFILL_TOK_S:
        most = min(most, SLOW_PREFILL_TOKENS)
    seconds = PREFILL_S
    if context.budget is not None:
        seconds = min(seconds, context.budget.seconds_left() / 4)
        most = min(most, (context.budget.plan and context.budget.plan.long_text_tokens()) or most)
    return min(room, most, seconds * scale.prompt_tok_s)


async def answer_tokens(context: Context) -> int:
    """Room for four codes; one token where they cannot be read or would take too long, so that only tokens count."""
    try:
        await scorable(context)
    except Skip:
        return 1
    rate = await measured_tok_s(context)
    return 1 if rate is not None and rate < SLOWEST_TOK_S else ANSWER_TOKENS


async def read(
    context: Context, lockers: Lockers, scale: TextScale, blocks: int, window: int | None, max_tokens: int
) -> CanaryText:
    """One text asked, and which of its codes came back."""
    text = lockers.text(blocks)
    exact = await count(context, text) if scale.exact else None
    exchange = await ask(context, f"canary of {blocks} blocks", text.messages, max_tokens=max_tokens, deadline_s=90)
    return CanaryText(
        exchange=exchange,
        needles=read_needles(text, exchange.text),
        words=text.words,
        expected_tokens=exact or scale.tokens(blocks),
        window=window,
        exact=exact is not None,
        small=scale.small,
    )


def cut_and_mute(canary: CanaryText) -> bool:
    """Whether fewer tokens were counted than words were sent, and no code came back."""
    counted = canary.exchange.prompt_tokens or canary.words
    asked = canary.exchange.ok and canary.exchange.max_tokens == ANSWER_TOKENS
    return asked and counted < canary.words and not any(needle.found for needle in canary.needles)


async def with_question_first(context: Context, canary: CanaryText, blocks: int) -> CanaryText:
    """The same length asked with the question in front: a cut tail takes a question at the end along."""
    lockers, _ = await lockers_and_scale(context)
    text = lockers.text(blocks)
    body, question = text.prompt.split("\n\n")
    messages = [{"role": "user", "content": f"{question}\n\n{body}"}]
    with contextlib.suppress(Skip):
        answer = await ask(context, "canary, question first", messages, max_tokens=ANSWER_TOKENS, deadline_s=90)
        return msgspec.structs.replace(canary, question_first=read_needles(text, answer.text))
    return canary


def asks_again(canary: CanaryText) -> bool:
    """Whether codes are missing although the whole text was counted: then one answer is not enough to judge."""
    exchange, expected = canary.exchange, canary.expected_tokens
    if not exchange.ok or not exchange.text or expected is None or exchange.max_tokens < ANSWER_TOKENS:
        return False
    complete = (counted_tokens(exchange, expected) or 0) >= COMPLETE * expected
    return complete and sum(needle.found for needle in canary.needles) < ENOUGH
