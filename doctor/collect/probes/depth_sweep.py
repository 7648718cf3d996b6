"""P16, deep: four codes each in texts that fill a quarter, half, three quarters and nearly all of the window."""

from doctor.collect.probes.accounting import lockers_and_scale, window_of
from doctor.collect.probes.ask import ready
from doctor.collect.probes.canary import ANSWER_TOKENS, read
from doctor.collect.probes.pace import scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CanaryText, DepthSweep
from doctor.model import Depth

SHARES = (0.25, 0.5, 0.75, 0.95)
MOST_TOKENS = 16_384  # above it a sweep takes minutes on most machines
SECONDS = 60.0  # of reading that one text may take


async def collect_depth_sweep(context: Context) -> DepthSweep:
    """One text at each share, as far as window and prefill speed allow. Raises Skip below depth deep."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    window = await window_of(context)
    if window is None:
        raise Skip("the server does not say its window, so shares of it cannot be filled")
    _, scale = await lockers_and_scale(context)
    most = min(MOST_TOKENS, SECONDS * scale.prompt_tok_s)
    texts: dict[float, CanaryText] = {}
    for share in SHARES:
        room = min(share * window, window - ANSWER_TOKENS - 16)
        if room > most:
            break
        lockers, _ = await lockers_and_scale(context)
        texts[share] = await read(context, lockers, scale, scale.blocks(room), window, ANSWER_TOKENS)
    if not texts:
        raise Skip(f"a quarter of the window has more than the {most:.0f} tokens that can be read in time")
    return DepthSweep(shares=tuple(texts), texts=tuple(texts.values()))
