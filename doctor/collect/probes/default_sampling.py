"""P06b, deep: the line of P02 copied without any sampling field, to see what the server's own settings do."""

from doctor.collect.probes.ask import NEUTRAL, SAMPLING, ask, ready
from doctor.collect.probes.echo import MAX_TOKENS, MESSAGES, similarity
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import DefaultSampling
from doctor.model import Depth

TIMES = 3
OWN_SETTINGS = dict.fromkeys((*SAMPLING, *(field for fields in NEUTRAL.values() for field in fields)))


async def collect_default_sampling(context: Context) -> DefaultSampling:
    """Three copies. Raises Skip below depth deep and where the text is garbage already at temperature 0."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    found = [
        await ask(
            context,
            "P06b",
            MESSAGES,
            max_tokens=MAX_TOKENS,
            stream=True,
            stop_after_s=STOP_AFTER_S,
            extra=OWN_SETTINGS,
        )
        for _ in range(TIMES)
    ]
    return DefaultSampling(exchanges=tuple(found), similarities=tuple(similarity(exchange.text) for exchange in found))
