"""P18: questions that need a tool call, and one that needs none."""

import contextlib

from doctor.collect.probes.ask import ask
from doctor.collect.probes.call_text import call_in_text, marked_call
from doctor.collect.probes.model_size import is_small
from doctor.collect.probes.pace import SLOW_TOK_S, measured_tok_s, scorable
from doctor.collect.probes.tool_items import (
    DEEP,
    GOODBYE,
    GOODBYES,
    PARALLEL,
    QUICK,
    SIMPLE,
    Item,
    parsed,
    schema_of,
    violations,
)
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ChatTemplate, Exchange, ModelCard, ToolAnswer, ToolTrial
from doctor.model import Depth
from doctor.text import THINKING


async def collect_tool_answer(context: Context) -> ToolAnswer:
    """Ask the items of the run's depth. A refusal of the first one is the only trial of the answer.

    Raises Skip where the server says that this model or template takes no tools.
    """
    reason = await why_no_tools(context)
    if reason:
        raise Skip(reason)
    trials = [await trial(context, SIMPLE)]
    bare = None
    # Garbage is not scored, but a call that stays in the text is a sign of its own: one question shows it.
    if trials[0].exchange.ok and await can_score(context):
        with contextlib.suppress(Skip):  # out of budget: what was asked so far is kept and judged
            for item in await items(context):
                trials.append(await trial(context, item))  # noqa: PERF401 - kept one by one, see above
            for item in GOODBYES if calls_made(trials[-1]) else ():
                trials.append(await trial(context, item))  # noqa: PERF401 - as above
            if context.depth is Depth.DEEP:
                trials.append(await trial(context, SIMPLE, stream=True))
        bare = await asked_bare(context, trials)
    return ToolAnswer(
        trials=tuple(trials),
        bare=bare,
        claims_tools=await claims_tools(context),
        small_model=await is_small(context),
    )


async def items(context: Context) -> tuple[Item, ...]:
    """What is asked after the first item; a slow server is asked less, the goodbye comes last."""
    if context.depth is Depth.DEEP:
        return (*DEEP[1:], GOODBYE)
    rate = await measured_tok_s(context)
    return (PARALLEL, GOODBYE) if rate is not None and rate < SLOW_TOK_S else (*QUICK[1:], GOODBYE)


async def can_score(context: Context) -> bool:
    """Whether plain text is sane, so that what an answer says can be judged."""
    try:
        await scorable(context)
    except Skip:
        return False
    return True


async def why_no_tools(context: Context) -> str:
    """Why tools cannot be offered here, as far as the server says; "" where nothing speaks against it."""
    with contextlib.suppress(Skip):
        if (await context.fact(ChatTemplate)).caps.get("supports_tools") is False:
            return "the chat template has no place for tools"
    return "the server says that this model takes no tools" if await claims_tools(context) is False else ""


async def claims_tools(context: Context) -> bool | None:
    """Whether the runtime says that this model takes tools; None when it says nothing."""
    with contextlib.suppress(Skip):
        capabilities = (await context.fact(ModelCard)).capabilities
        return None if capabilities is None else "tools" in capabilities
    return None


async def trial(context: Context, item: Item, *, stream: bool = False) -> ToolTrial:
    """One item asked, and what is to be seen in its answer."""
    exchange = await ask(
        context,
        f"tools {item.id}{' streamed' if stream else ''}",
        [{"role": "user", "content": item.text}],
        max_tokens=item.max_tokens,
        tools=list(item.tools),
        stream=stream,
    )
    return judged(item, exchange)


def judged(item: Item, exchange: Exchange) -> ToolTrial:
    """The trial of an answer: a call written as text, what breaks the schema, whether the values are right."""
    written = thought = None
    if not exchange.tool_calls:
        written = call_in_text(THINKING.sub("", exchange.content), item.offered)
        thought = marked_call(exchange.reasoning + "".join(THINKING.findall(exchange.content)))
    errors: list[str] = []
    values = []
    for call in exchange.tool_calls:
        arguments, schema = parsed(call), schema_of(item.tools, call.name)
        if arguments is not None and schema is not None:
            errors += violations(arguments, schema)
        values.append((call.name, arguments or {}))
    return ToolTrial(
        item=item.id,
        offered=item.offered,
        exchange=exchange,
        call_as_text=written.sign if written else "",
        named_in_text=written.name if written else "",
        call_in_thinking=thought.sign if thought and not written else "",
        schema_errors=tuple(errors),
        semantic_ok=item.right(values) if exchange.ok else None,
    )


def calls_made(trial_: ToolTrial) -> bool:
    """Whether a tool was called, be it as text."""
    return bool(trial_.exchange.tool_calls or trial_.call_as_text)


async def asked_bare(context: Context, trials: list[ToolTrial]) -> Exchange | None:
    """The first question without tools, where no call was made: shows what the tools add to the prompt's tokens."""
    if any(calls_made(each) for each in trials):
        return None
    with contextlib.suppress(Skip):
        return await ask(context, "tools: none offered", [{"role": "user", "content": SIMPLE.text}], max_tokens=32)
    return None
