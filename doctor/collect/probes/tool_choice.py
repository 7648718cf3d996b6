"""P21: the field `tool_choice` says one thing, the question another: only a server that enforces it obeys."""

import contextlib
from typing import Any

from doctor.collect.probes.ask import ask
from doctor.collect.probes.tool_items import CURRENCY, WEATHER, Expected, Item
from doctor.collect.probes.tool_stream import is_slow
from doctor.collect.probes.tool_trial import judged
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ToolAnswer, ToolChoice, ToolTrial
from doctor.model import Depth

# The first to be left out: so many requests are kept for the probes that follow (P19, P20, embeddings).
KEPT_REQUESTS = 5
FORBIDDEN = Item(id="none", text="You must call get_weather for Oslo.", tools=(WEATHER,), max_tokens=24)
DEMANDED = Item(
    id="required",
    text="Do not use tools, just say hi.",
    tools=(WEATHER,),
    expected=(Expected(name="get_weather"),),
    max_tokens=40,
)
NAMED = Item(
    id="named",
    text="What is the weather in Oslo?",
    tools=(WEATHER, CURRENCY),
    expected=(Expected(name="convert_currency"),),
    max_tokens=48,
)


async def collect_tool_choice(context: Context) -> ToolChoice:
    """A call forbidden and a call demanded; at depth deep another tool than the fitting one demanded.

    Raises Skip where no tool was called at all: then nothing tells an ignored field from a model that never calls.
    """
    answer = await context.fact(ToolAnswer)
    if not any(each.exchange.tool_calls for each in answer.trials):
        raise Skip("no tool was called, so an ignored tool_choice cannot be told from a model that never calls")
    if await is_slow(context):
        raise Skip("left out because the server writes slowly")
    if context.budget and context.budget.requests_left < KEPT_REQUESTS:
        raise Skip("left out to keep the run's budget for what matters more")
    none = await chosen(context, FORBIDDEN, "none")
    required = named = None
    with contextlib.suppress(Skip):
        required = await chosen(context, DEMANDED, "required")
        if context.depth is Depth.DEEP:
            wanted = {"type": "function", "function": {"name": NAMED.expected[0].name}}
            named = await chosen(context, NAMED, wanted)
    return ToolChoice(none=none, required=required, named=named, wanted=NAMED.expected[0].name)


async def chosen(context: Context, item: Item, choice: str | dict[str, Any]) -> ToolTrial:
    """One question under a `tool_choice`."""
    exchange = await ask(
        context,
        f"tool choice {item.id}",
        [{"role": "user", "content": item.text}],
        max_tokens=item.max_tokens,
        tools=list(item.tools),
        tool_choice=choice,
    )
    return judged(item, exchange)
