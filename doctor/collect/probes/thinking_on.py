"""P12, deep: the small product with thinking on and room for it: does an answer come, and how much of it is hidden."""

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.control import has_word
from doctor.collect.probes.pace import scorable
from doctor.collect.probes.thinking import ANSWER, MESSAGES
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ThinkingOn
from doctor.model import Depth

MAX_TOKENS = 1024  # the allowance of the probe rules
STOP_AFTER_S = 45.0


async def collect_thinking_on(context: Context) -> ThinkingOn:
    """One answer. Raises Skip below depth deep and for a model that does not think."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    answer = await ask(
        context, "P12 on", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S, thinking=True
    )
    if not answer.ok:
        raise Skip(f"the question with thinking on was refused ({answer.error})")
    hidden = len(answer.reasoning) or max(
        0, len(answer.content) - len(answer.text) if "<think" in answer.content else 0
    )
    if not hidden:
        raise Skip("the model does not think, also when it may")
    shown = len(answer.text)
    return ThinkingOn(exchange=answer, right=has_word(answer.text, ANSWER), hidden_share=hidden / (hidden + shown))
