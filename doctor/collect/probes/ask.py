"""The one place where a model is asked: one question, one `Exchange` back, within the run's budget.

Sampling is never left to defaults: temperature 0, top_p 1, seed 42, no penalties, an output limit on every request.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec

from doctor.collect.probes.native import NATIVE_CHAT, send_native
from doctor.collect.probes.wire import CHAT, Question, send
from doctor.context import Budget, Context
from doctor.errors import Skip, TooLate
from doctor.facts import Exchange, Identity, Models, WarmUp
from doctor.model import Depth
from doctor.quick_plan import Plan
from doctor.runtimes import adapter

SAMPLING: dict[str, Any] = {"temperature": 0, "top_p": 1, "seed": 42, "presence_penalty": 0, "frequency_penalty": 0}
# Penalties that only some servers know; without a word they apply those of the server.
NEUTRAL: dict[str, dict[str, Any]] = {
    "llama.cpp": {"repeat_penalty": 1.0, "dry_multiplier": 0.0},
    "lmstudio": {"repeat_penalty": 1.0},
    "vllm": {"repetition_penalty": 1.0},
}
# Fields that a strict server may not know; one that names such a field in its refusal is asked again without it.
DISPENSABLE = (
    "stream_options",
    "seed",
    "presence_penalty",
    "frequency_penalty",
    "reasoning_effort",
    "chat_template_kwargs",
    "top_p",
    "repeat_penalty",
    "repetition_penalty",
)
REFUSALS_OF_FIELDS = {400, 422}
MIN_SECONDS_LEFT = 1.0  # with less than this left of the run, an answer would be cut off anyway
Spend = Callable[[Exchange], Exchange]


async def ask(  # noqa: PLR0913 - each argument is a field of the request
    context: Context,
    purpose: str,
    messages: list[dict[str, Any]],
    *,
    max_tokens: int,
    tools: list[dict[str, Any]] | None = None,
    tool_choice: str | dict[str, Any] | None = None,
    stream: bool = False,
    stop: list[str] | None = None,
    response_format: dict[str, Any] | None = None,
    thinking: bool = False,
    stop_after_s: float | None = None,
    deadline_s: float = 60.0,
    extra: dict[str, Any] | None = None,
) -> Exchange:
    """One chat request. A refusal is an `Exchange` with its status and error; so is a 200 that carries an error.

    Fields of `extra` replace ours; one that is None is left to the server's default.

    `stop_after_s` closes a stream that late (never before its first piece), so that a slow server does not eat
    the run. Raises Skip at depth passive, without a model, and when budget or plan leave it out; Unreachable,
    TooLate or Malformed when no answer came, or none that can be read.
    """
    identity, models = await who(context)
    planned(context, purpose)
    fields: dict[str, Any] = {
        "tools": tools,
        "tool_choice": tool_choice,
        "stop": stop,
        "response_format": response_format,
        "stream": True if stream else None,
        "stream_options": {"include_usage": True} if stream else None,
    }
    body = {"model": models.chosen, "messages": messages, "max_tokens": max_tokens, **SAMPLING}
    body |= {name: value for name, value in fields.items() if value is not None}
    body |= NEUTRAL.get(identity.runtime, {}) | adapter(identity).request_options(thinking) | (extra or {})
    body = {name: value for name, value in body.items() if value is not None}
    route = f"POST {identity.openai_url.removeprefix(identity.base_url)}{CHAT}"
    base = unanswered(purpose, messages, max_tokens, route, stream=stream)
    question = Question(url=identity.openai_url, body=body, base=base, stop_after_s=stop_after_s)
    async with turn(context, max_tokens, deadline_s) as spend:
        return spend(await with_fallbacks(context, identity, question))


async def ask_native(  # noqa: PLR0913 - each argument is a field of the request
    context: Context,
    purpose: str,
    messages: list[dict[str, Any]],
    *,
    max_tokens: int,
    tools: list[dict[str, Any]] | None = None,
    stream: bool = False,
    response_format: dict[str, Any] | None = None,
    thinking: bool = False,
    deadline_s: float = 60.0,
) -> Exchange:
    """The same through Ollama's own `/api/chat`, which says how long it took to load the model. Errors as `ask`."""
    identity, models = await who(context)
    fields = {"tools": tools, "response_format": response_format}
    body = {"model": models.chosen, "messages": messages, "max_tokens": max_tokens, **SAMPLING}
    body |= {name: value for name, value in fields.items() if value is not None}
    body |= adapter(identity).request_options(thinking)
    base = unanswered(purpose, messages, max_tokens, f"POST {NATIVE_CHAT}", stream=stream)
    async with turn(context, max_tokens, deadline_s) as spend:
        return spend(await send_native(context, Question(url="", body=body, base=base)))


async def ready(context: Context) -> None:
    """Wait until the model is loaded and has answered once. Raises Skip when it does not answer."""
    warm = await context.fact(WarmUp)
    if not warm.first.ok:
        raise Skip(f"the model does not answer a one-word request ({warm.first.error})")


async def who(context: Context) -> tuple[Identity, Models]:
    """The server and the model that are asked. Raises Skip when there is nobody to ask."""
    if not context.depth.covers(Depth.QUICK):
        raise Skip(f"not asked at depth {context.depth.value}: it would make the model generate")
    identity = await context.fact(Identity)
    models = await context.fact(Models)
    if not models.chosen and models.name_matters:
        raise Skip("there is no model to ask")
    return identity, models


async def can_switch_thinking(context: Context) -> bool:
    """Whether a request can say that thinking is on or off here; without that, both are the same request."""
    identity, _ = await who(context)
    adapted = adapter(identity)
    return bool(adapted.request_options(True) != adapted.request_options(False))


def unanswered(purpose: str, messages: list[dict[str, Any]], max_tokens: int, route: str, *, stream: bool) -> Exchange:
    """The exchange before its answer."""
    words = sum(words_of(message) for message in messages)
    return Exchange(purpose=purpose, status=200, sent_words=words, max_tokens=max_tokens, streamed=stream, route=route)


def words_of(message: dict[str, Any]) -> int:
    """Words between white space in a message: a lower bound of its tokens."""
    content = message.get("content")
    return len(content.split()) if isinstance(content, str) else 0


@contextlib.asynccontextmanager
async def turn(context: Context, max_tokens: int, deadline_s: float) -> AsyncIterator[Spend]:
    """The model for one question: waits its turn, holds the budget and the total deadline.

    Yields the function that books an answer. Raises Skip when the budget is spent, TooLate past the deadline.
    """
    async with context.model_lock:
        budget = context.budget
        allowed_s = afford(budget, max_tokens, deadline_s) if budget else deadline_s

        def spend(exchange: Exchange) -> Exchange:
            if budget:
                used = exchange.completion_tokens if exchange.completion_tokens is not None else exchange.chunks
                budget.output_tokens_left -= min(max_tokens, used)
                if budget.plan:
                    book(budget.plan, exchange, used)
            return exchange

        try:
            async with asyncio.timeout(allowed_s):
                yield spend
        except TimeoutError:
            msg = f"no answer from the model within {allowed_s:.0f} s"
            raise TooLate(msg) from None


def planned(context: Context, purpose: str) -> None:
    """Raises Skip when the run's plan leaves out what has this purpose."""
    plan = context.budget.plan if context.budget else None
    if plan is not None and (reason := plan.begin(purpose)):
        raise Skip(reason)


def book(plan: Plan, exchange: Exchange, tokens: int) -> None:
    """Tell the plan how long an answer took, and at which rates it was read and written."""
    read_s, last_s = exchange.first_token_s, exchange.last_token_s
    prompt = 0 if exchange.purpose == "P15" else exchange.prompt_tokens or 0  # a prompt from the cache shows no rate
    written_s = last_s - read_s if read_s is not None and last_s is not None else 0.0
    plan.note(
        exchange.total_s,
        (prompt, exchange.prompt_tok_s or (prompt / read_s if read_s else None)),
        (tokens, exchange.decode_tok_s or ((tokens - 1) / written_s if written_s > 0 else None)),
    )


def afford(budget: Budget, max_tokens: int, deadline_s: float) -> float:
    """Seconds that this question may take; books the request. Raises Skip when the run cannot afford it."""
    if budget.requests_left <= 0:
        raise Skip("left out to stay within the run's budget of requests")
    if budget.output_tokens_left < max_tokens:
        raise Skip("left out to stay within the run's budget of output tokens")
    if budget.seconds_left() < MIN_SECONDS_LEFT:
        raise Skip("left out because the run's time is up")
    budget.requests_left -= 1
    return min(deadline_s, budget.seconds_left())


async def with_fallbacks(context: Context, identity: Identity, question: Question) -> Exchange:
    """Send; again without fields that the server names in a refusal; natively where Ollama's /v1 is missing."""
    if not question.url:
        if identity.runtime != "ollama":
            raise Skip("this server has no route for chat requests in the OpenAI format")
        return await send_native(context, question)
    answer = await send(context, question)
    if answer.status in REFUSALS_OF_FIELDS:
        named = {name for name in DISPENSABLE if name in question.body and name in answer.error}
        if named and afford_again(context):
            kept = {name: value for name, value in question.body.items() if name not in named}
            return await send(context, msgspec.structs.replace(question, body=kept))
    if answer.status == 404 and identity.runtime == "ollama" and "page not found" in answer.error:
        return await send_native(context, question)
    return answer


def afford_again(context: Context) -> bool:
    """Whether one request more is within the budget; books it."""
    if context.budget:
        context.budget.requests_left -= 1
        return context.budget.requests_left >= 0
    return True
