"""P12: a small product with thinking switched off, to see whether it is off and whether an answer comes."""

from doctor.collect.probes.ask import ask, ready, who
from doctor.collect.probes.control import has_word
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.facts import Thinking
from doctor.runtimes import adapter

MESSAGES = [{"role": "user", "content": "What is 17 * 3? Answer with the number."}]
ANSWER = "51"
MAX_TOKENS = 64


async def collect_thinking(context: Context) -> Thinking:
    """One answer, read together with its reasoning."""
    await ready(context)
    await scorable(context)
    answer = await ask(context, "P12", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    identity, _ = await who(context)
    switch = adapter(identity).request_options(False)
    return Thinking(exchange=answer, right=has_word(answer.text, ANSWER), switch_sent=bool(switch))
