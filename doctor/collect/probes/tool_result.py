"""P20: a tool call and its result stand in the history; the answer should use the result."""

import contextlib
import re
from typing import Any

import msgspec

from doctor.collect.probes.ask import ask, ask_native, who
from doctor.collect.probes.model_size import is_small
from doctor.collect.probes.pace import scorable
from doctor.collect.probes.tool_items import SIMPLE, WEATHER
from doctor.collect.probes.tool_score import parsed
from doctor.collect.probes.tool_trial import ALLOWANCE, why_no_tools
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, LostCall, ToolAnswer, ToolResult
from doctor.model import Depth

ARGUMENTS = '{"city": "Oslo", "unit": "c"}'
RESULT = '{"temp_c": -7, "note": "ref QX-31"}'
QUESTIONS = (SIMPLE.text, "How cold is it in Oslo, in celsius?")
MAX_TOKENS = 40
# Minus seven in digits or words, or the note that only the result holds.
USED = re.compile(r"\b7\b|\bseven\b|QX-31", re.IGNORECASE)
Messages = list[dict[str, Any]]


async def collect_tool_result(context: Context) -> ToolResult:
    """Ask once, and once more when the result was not used: two misses are a sign.

    Raises Skip where tools cannot be offered, or where even a question with tools and no result was refused.
    """
    reason = await why_no_tools(context)
    if reason:
        raise Skip(reason)
    first = (await context.fact(ToolAnswer)).trials[0].exchange
    if not first.ok:
        raise Skip(f"a question with tools was refused already: {first.error}")
    await scorable(context)
    with contextlib.suppress(Skip):  # which layer lost a call is asked before what a call leads to
        await context.fact(LostCall)
    allowance = ALLOWANCE if context.depth is Depth.DEEP and first.only_thought else 0
    result = judged(await asked(context, history(QUESTIONS[0]), allowance))
    if result.exchange.ok and not result.used:
        with contextlib.suppress(Skip):
            # A repeated call gets its result once more: a model that asks a third time is in a loop.
            further = history(QUESTIONS[0], 2) if result.repeated_call else history(QUESTIONS[1])
            result = both(result, judged(await asked(context, further, allowance)))
    native = await asked_natively(context) if context.depth is Depth.DEEP else None
    return msgspec.structs.replace(result, small_model=await is_small(context), native=native)


def both(first: ToolResult, second: ToolResult) -> ToolResult:
    """The better of two answers; nothing was answered only when both are empty."""
    unanswered = is_empty(first.exchange) and is_empty(second.exchange)
    return msgspec.structs.replace(second if second.used else first, unanswered=unanswered)


async def asked(context: Context, messages: Messages, allowance: int = 0) -> Exchange:
    """The history with call and result, sent with the tool still on offer."""
    return await ask(context, "tool result", messages, max_tokens=MAX_TOKENS + allowance, tools=[WEATHER])


async def asked_natively(context: Context) -> Exchange | None:
    """The same on Ollama's own route; None for other servers."""
    identity, _ = await who(context)
    if identity.runtime != "ollama":
        return None
    with contextlib.suppress(Skip):
        messages = history(QUESTIONS[0])
        return await ask_native(context, "tool result native", messages, max_tokens=MAX_TOKENS, tools=[WEATHER])
    return None


def history(question: str, calls: int = 1) -> Messages:
    """Question, then call and result, once or more, as the OpenAI contract wants them: arguments are a string."""
    messages: Messages = [{"role": "user", "content": question}]
    for number in range(1, calls + 1):
        id_ = f"call_doctor{number}"
        call = {"id": id_, "type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}
        messages.append({"role": "assistant", "content": "", "tool_calls": [call]})
        messages.append({"role": "tool", "tool_call_id": id_, "content": RESULT})
    return messages


def judged(exchange: Exchange) -> ToolResult:
    """Whether the answer holds something of the result, or asks for the same again."""
    repeated = any(
        call.name == "get_weather" and "oslo" in str((parsed(call) or {}).get("city", "")).lower()
        for call in exchange.tool_calls
    )
    return ToolResult(exchange=exchange, used=bool(USED.search(exchange.text)), repeated_call=repeated)


def is_empty(exchange: Exchange) -> bool:
    """Whether the turn ended by itself without a text, a thought or a call."""
    said = exchange.text or exchange.reasoning or exchange.tool_calls
    return exchange.ok and not said and exchange.finish_reason == "stop"
