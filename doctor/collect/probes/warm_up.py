"""P01: whether an answer comes at all, how long loading took, and whether the next request loads the model again."""

from doctor.collect.probes.ask import ask, ask_native
from doctor.context import Context
from doctor.errors import Malformed, TooLate, Unreachable
from doctor.facts import Exchange, Identity, WarmUp
from doctor.text import one_line

MESSAGES = [{"role": "user", "content": "Reply with the single word: ready"}]
# A load from a slow disk may take a minute; above that clients give up too (ollama/ollama#7408).
FIRST_DEADLINE_S = 90.0
SECOND_DEADLINE_S = 60.0


async def collect_warm_up(context: Context) -> WarmUp:
    """Two requests of one token each. A first one without any answer has the status 0 and the reason as error.

    Raises Skip as `ask`, and TooLate when the run's own end came before the deadline of the first request.
    """
    identity = await context.fact(Identity)
    asked = ask_native if identity.runtime == "ollama" else ask
    had_time = context.budget is None or context.budget.seconds_left() > FIRST_DEADLINE_S
    try:
        first = await asked(context, "P01", MESSAGES, max_tokens=1, deadline_s=FIRST_DEADLINE_S)
    except TooLate as error:
        if not had_time:
            raise
        return WarmUp(first=unanswered(str(error)))
    except (Unreachable, Malformed) as error:
        return WarmUp(first=unanswered(str(error)))
    if not first.ok:
        return WarmUp(first=first)
    try:
        second = await asked(context, "P01", MESSAGES, max_tokens=1, deadline_s=SECOND_DEADLINE_S)
    except (TooLate, Unreachable, Malformed) as error:
        return WarmUp(first=first, second=unanswered(str(error)))
    return WarmUp(first=first, second=second)


def unanswered(reason: str) -> Exchange:
    """A request that nothing readable came back for."""
    return Exchange(purpose="P01", status=0, error=one_line(reason), max_tokens=1)
