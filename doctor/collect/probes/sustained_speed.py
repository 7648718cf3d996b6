"""P29, deep: decode rates of four windows in a row, at about the same depth of context in each."""

import asyncio

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.decode_speed import MESSAGES
from doctor.collect.probes.pace import decode_rate, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import SustainedSpeed
from doctor.model import Depth

WINDOWS = 4
WINDOW_S = 15.0
WINDOW_TOKENS = 600  # a fast model needs no more, and the run's tokens are bounded
ANSWER_TOKENS = 200
FEWEST_TOKENS = 40  # of a window, for a rate that means something


async def collect_sustained_speed(context: Context) -> SustainedSpeed:
    """Four windows of up to 15 s. Raises Skip below depth deep and where too few tokens came."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    loop = asyncio.get_running_loop()
    began = loop.time()
    rates, total = [], 0
    for _ in range(WINDOWS):
        tokens, rate = await window(context)
        total += tokens
        rates.append(rate)
    return SustainedSpeed(tok_s=tuple(rates), seconds=loop.time() - began, tokens=total)


async def window(context: Context) -> tuple[int, float]:
    """Tokens of one window and their rate while decoding. Raises Skip."""
    loop = asyncio.get_running_loop()
    ends_s = loop.time() + WINDOW_S
    tokens, seconds = 0, 0.0
    while tokens < WINDOW_TOKENS and (left_s := ends_s - loop.time()) > 0:
        answer = await ask(context, "P29", MESSAGES, max_tokens=ANSWER_TOKENS, stream=True, stop_after_s=left_s)
        rate = decode_rate(answer)
        if not answer.ok or rate is None:
            raise Skip("too few tokens came to measure how steady the decode rate is")
        tokens += rate[1]
        seconds += rate[1] / rate[0]
    if tokens < FEWEST_TOKENS:
        raise Skip(f"only {tokens} tokens came in {WINDOW_S:.0f} s, too few to measure how steady the rate is")
    return tokens, tokens / seconds
