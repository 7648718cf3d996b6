"""P19: items that brought a call, asked again as a stream and compared by the checks."""

import contextlib

from doctor.collect.probes.ask import who
from doctor.collect.probes.pace import SLOW_TOK_S, measured_tok_s
from doctor.collect.probes.tool_items import EMPTY, PARALLEL, SIMPLE, Item
from doctor.collect.probes.tool_trial import trial
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import StreamPair, ToolAnswer, ToolStream, ToolTrial
from doctor.model import Depth

Pairs = list[StreamPair]


async def collect_tool_stream(context: Context) -> ToolStream:
    """Two calls at once and a call without arguments, streamed; at depth deep the simple item and other routes too.

    Raises Skip where no call came in one piece: then there is nothing to compare with.
    """
    answer = await context.fact(ToolAnswer)
    whole = {
        each.item: each for each in answer.trials if each.exchange.tool_calls and each.needs_call and not each.thinking
    }
    chosen = await first_choice(context, whole)
    if chosen is None:
        raise Skip("no tool was called in an answer of one piece, so a stream cannot be compared with it")
    _, models = await who(context)
    if context.depth is Depth.QUICK and models.embedding and context.budget:
        raise Skip("left out to keep a quick run's requests for the embedding model; --depth deep asks it")
    pairs: Pairs = []
    with contextlib.suppress(Skip):  # out of budget: what was asked is judged
        await compare(context, pairs, chosen, whole[chosen.id])
        if not await is_slow(context):
            await empty(context, pairs, whole.get(EMPTY.id))
        if context.depth is Depth.DEEP:
            await further(context, pairs, chosen, whole)
    if not pairs:
        raise Skip("left out to stay within the run's budget")
    return ToolStream(pairs=tuple(pairs))


async def first_choice(context: Context, whole: dict[str, ToolTrial]) -> Item | None:
    """The item with the most calls; the shortest one on a slow server."""
    order = (SIMPLE, PARALLEL) if await is_slow(context) else (PARALLEL, SIMPLE)
    return next((item for item in order if item.id in whole), None)


async def is_slow(context: Context) -> bool:
    """Whether the server writes too slowly for more than the least."""
    rate = await measured_tok_s(context)
    return rate is not None and rate < SLOW_TOK_S


async def compare(context: Context, pairs: Pairs, item: Item, whole: ToolTrial, *, native: bool = False) -> None:
    """The item streamed; both ways once more when the stream has fewer calls.

    A prompt that comes from the server's cache may be answered a little differently than the first time.
    """
    calls = whole.exchange.tool_calls
    streamed = await trial(context, item, stream=True, native=native)
    pairs.append(StreamPair(streamed=streamed, whole=calls))
    if streamed.exchange.ok and len(streamed.exchange.tool_calls) < len(calls):
        again = await trial(context, item, stream=True, native=native)
        control = await trial(context, item, native=native)
        pairs.append(StreamPair(streamed=again, whole=control.exchange.tool_calls, control=control))


async def empty(context: Context, pairs: Pairs, whole: ToolTrial | None) -> None:
    """A call without arguments, streamed; in one piece only where the stream holds no arguments at all."""
    streamed = await trial(context, EMPTY, stream=True)
    lost = any(not call.arguments.strip() for call in streamed.exchange.tool_calls)
    control = await trial(context, EMPTY) if lost and whole is None else None
    known = whole or control
    pairs.append(StreamPair(streamed=streamed, whole=known.exchange.tool_calls if known else None, control=control))


async def further(context: Context, pairs: Pairs, chosen: Item, whole: dict[str, ToolTrial]) -> None:
    """The simple item, and the streams of Ollama's own route."""
    if chosen is not SIMPLE and SIMPLE.id in whole:
        await compare(context, pairs, SIMPLE, whole[SIMPLE.id])
    identity, _ = await who(context)
    if identity.runtime == "ollama":
        await compare(context, pairs, chosen, whole[chosen.id], native=True)
