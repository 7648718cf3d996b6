"""P16 and P17 by route: whether Ollama's own route reads a long text as well, and which route heeds num_ctx.

The OpenAI route is counted by the long text of P16. Its neighbour gets a text of its own, so that no cache shortens
the count. Deep: a text longer than the window, on both routes with a larger window asked for; the first of them makes
Ollama load the model with that window, the second with its usual one again.
"""

from typing import Any

from doctor.collect.probes.accounting import lockers_and_scale, window_of
from doctor.collect.probes.answer import decode, native
from doctor.collect.probes.ask import ask, planned, ready, turn, who
from doctor.collect.probes.wire import refused
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, Routes, RouteTrial, TextScale, Window
from doctor.model import Depth

NATIVE = "/api/chat"
SHARE = 0.6  # of the window: more than half, because servers cut to a half, and it leaves room for an answer
MOST_TOKENS = 2500
BEYOND = 1.3  # of the window, for the text that only a larger window holds
LARGEST_ASKED = 8192  # a larger cache might not fit beside what is loaded
DEADLINE_S = 120.0


async def collect_routes(context: Context) -> Routes:
    """One request, three at depth deep. Raises Skip for a server with one route, or with a window nobody knows."""
    await ready(context)
    identity, _ = await who(context)
    if identity.runtime != "ollama" or not identity.openai_url:
        raise Skip("this server has only one route for chat")
    planned(context, "route native")
    window = await window_of(context)
    if window is None:
        raise Skip("the server does not say the size of its window")
    trials = [await on_native(context, min(SHARE * window, MOST_TOKENS))]
    asked = await larger(context, window)
    if asked is not None:
        trials.append(await on_native(context, BEYOND * window, asked))
        trials.append(await on_openai(context, BEYOND * window, asked))
    return Routes(trials=tuple(trials), window=window)


async def larger(context: Context, window: int) -> int | None:
    """The window to ask for at depth deep; None where the model or the memory sets an end to it."""
    if context.depth is not Depth.DEEP:
        return None
    trained = (await context.fact(Window)).trained
    asked = min(2 * window, LARGEST_ASKED, trained or 0)
    return asked if asked >= BEYOND * window * 1.1 else None


async def on_native(context: Context, tokens: float, asked: int | None = None) -> RouteTrial:
    """The text on `/api/chat`, one token of output."""
    _, models = await who(context)
    lockers, scale = await lockers_and_scale(context)
    text = lockers.text(scale.blocks(tokens))
    options: dict[str, Any] = {"temperature": 0, "num_predict": 1} | ({"num_ctx": asked} if asked else {})
    body = {"model": models.chosen, "messages": text.messages, "stream": False, "options": options}
    base = Exchange(purpose="route native", status=200, sent_words=text.words, max_tokens=1, route=f"POST {NATIVE}")
    async with turn(context, 1, DEADLINE_S) as spend:
        answer = await context.http.post(NATIVE, body, deadline_s=DEADLINE_S)
        failed = answer.status != 200
        exchange = spend(
            refused(base, answer.status, answer.text(), answer.seconds) if failed else native(decode(answer.body), base)
        )
    return trial(exchange, scale, text.blocks, text.words, asked)


async def on_openai(context: Context, tokens: float, asked: int | None = None) -> RouteTrial:
    """The text on the OpenAI route, with the fields in which clients send a window."""
    lockers, scale = await lockers_and_scale(context)
    text = lockers.text(scale.blocks(tokens))
    extra = {"options": {"num_ctx": asked}, "num_ctx": asked} if asked else None
    exchange = await ask(context, "route openai", text.messages, max_tokens=1, extra=extra, deadline_s=DEADLINE_S)
    return trial(exchange, scale, text.blocks, text.words, asked)


def trial(exchange: Exchange, scale: TextScale, blocks: int, words: int, asked: int | None) -> RouteTrial:
    """What was sent and what came back."""
    return RouteTrial(
        route=exchange.route,
        exchange=exchange,
        sent_tokens=scale.tokens(blocks),
        at_least=words,
        asked_window=asked,
    )
