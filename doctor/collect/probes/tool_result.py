"""P20: a tool call and its result stand in the history; the answer should use the result."""

import contextlib
import re
from typing import Any

import msgspec

from doctor.collect.probes.ask import ask
from doctor.collect.probes.model_size import is_small
from doctor.collect.probes.pace import scorable
from doctor.collect.probes.tool_call import why_no_tools
from doctor.collect.probes.tool_items import SIMPLE, WEATHER
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, ToolAnswer, ToolResult

ARGUMENTS = '{"city": "Oslo", "unit": "c"}'
RESULT = '{"temp_c": -7, "note": "ref QX-31"}'
QUESTIONS = (SIMPLE.text, "How cold is it in Oslo, in celsius?")
# Minus seven in digits or words, or the note that only the result holds.
USED = re.compile(r"\b7\b|\bseven\b|QX-31", re.IGNORECASE)


async def collect_tool_result(context: Context) -> ToolResult:
    """Ask once, and once more in other words when the result was not used: two misses are a sign.

    Raises Skip where tools cannot be offered, or where even a question with tools and no result was refused.
    """
    reason = await why_no_tools(context)
    if reason:
        raise Skip(reason)
    first = (await context.fact(ToolAnswer)).trials[0].exchange
    if not first.ok:
        raise Skip(f"a question with tools was refused already: {first.error}")
    await scorable(context)
    result = judged(await asked(context, QUESTIONS[0]))
    if result.exchange.ok and not result.used:
        with contextlib.suppress(Skip):
            again = judged(await asked(context, QUESTIONS[1]))
            result = again if again.used else result
    return msgspec.structs.replace(result, small_model=await is_small(context))


async def asked(context: Context, question: str) -> Exchange:
    """The history with call and result, sent with the tool still on offer."""
    return await ask(context, "tool result", history(question), max_tokens=40, tools=[WEATHER])


def history(question: str) -> list[dict[str, Any]]:
    """Question, call and result as the OpenAI contract wants them: arguments are a string."""
    call = {"id": "call_doctor1", "type": "function", "function": {"name": "get_weather", "arguments": ARGUMENTS}}
    return [
        {"role": "user", "content": question},
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_doctor1", "content": RESULT},
    ]


def judged(exchange: Exchange) -> ToolResult:
    """Whether the answer holds something of the result, or asks for the same again."""
    repeated = any(call.name == "get_weather" and "oslo" in call.arguments.lower() for call in exchange.tool_calls)
    return ToolResult(exchange=exchange, used=bool(USED.search(exchange.text)), repeated_call=repeated)
