"""T8: twenty tools on offer, to see whether all their definitions are read.

Expected tokens are the server's own count where it counts without generating. Elsewhere they follow from the prompts
of one and of four tools: the tokens of definitions grow with their length.
"""

import contextlib

from doctor.collect.probes.accounting import window_of
from doctor.collect.probes.ask import ask
from doctor.collect.probes.many_tools import FEWER, MANY, length
from doctor.collect.probes.tool_items import MULTIPLE, SIMPLE, Item
from doctor.collect.probes.tool_trial import trial
from doctor.context import Context
from doctor.errors import DoctorError, Skip
from doctor.facts import Identity, ToolAnswer, ToolWindow
from doctor.model import Depth
from doctor.runtimes import adapter

LOOKS_SHORT = (
    0.85  # of the expected tokens: the rule of length is right to about 6 % (measured on this project's model)
)


async def collect_tool_window(context: Context) -> ToolWindow:
    """Twenty tools; fifteen of them as well where the count looks short.

    Raises Skip below depth deep and where the first question with a tool was refused.
    """
    if context.depth is not Depth.DEEP:
        raise Skip("asked at depth deep only: twenty tools make a long prompt")
    answer = await context.fact(ToolAnswer)
    if not answer.trials[0].exchange.ok:
        raise Skip(f"a question with one tool was refused already: {answer.trials[0].exchange.error}")
    many = await trial(context, MANY)
    expected, exact = await expectation(context, answer, MANY)
    counted = many.exchange.prompt_tokens
    fewer = None
    if counted is not None and expected is not None and not exact and counted < LOOKS_SHORT * expected:
        with contextlib.suppress(Skip):
            messages = [{"role": "user", "content": FEWER.text}]
            fewer = await ask(context, "tools T8 fewer", messages, max_tokens=1, tools=list(FEWER.tools))
    return ToolWindow(
        many=many,
        expected=expected,
        exact=exact,
        fewer=fewer,
        fewer_expected=(await expectation(context, answer, FEWER))[0] if fewer else None,
        window=await window_of(context),
    )


async def expectation(context: Context, answer: ToolAnswer, item: Item) -> tuple[float | None, bool]:
    """Prompt tokens that the item should take, and whether they were counted; (None, False) when nothing tells."""
    with contextlib.suppress(DoctorError, Skip):
        found = adapter(await context.fact(Identity))
        counted = await found.count_tokens(context, [{"role": "user", "content": item.text}], list(item.tools))
        if counted:
            return counted, True
    tokens = {each.item: each.exchange.prompt_tokens for each in answer.trials if not each.thinking}
    one, four = tokens.get(SIMPLE.id), tokens.get(MULTIPLE.id)
    if not one or not four or four <= one:
        return None, False
    per_character = (four - one) / (length(MULTIPLE) - length(SIMPLE))
    return one + per_character * (length(item) - length(SIMPLE)), False
