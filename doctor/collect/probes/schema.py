"""P22: prose is asked for and a JSON schema demanded: only an enforced schema gives JSON here.

A question that wants JSON anyway would prove nothing: a good model writes it without any enforcement.
"""

import contextlib
import json
from typing import Any

from doctor.collect.probes.ask import ask, ask_native, can_switch_thinking, who
from doctor.collect.probes.pace import scorable, shortened
from doctor.collect.probes.tool_score import violations
from doctor.collect.probes.tool_trial import ALLOWANCE
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, SchemaAnswer, SchemaTrial
from doctor.model import Depth
from doctor.text import THINKING, answer_text

QUESTION = "Tell me a one-sentence story about a cat. Do not use JSON."
MESSAGES = [{"role": "user", "content": QUESTION}]
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"type": "string", "enum": ["red", "green"]},
        "count": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["status", "count"],
    "additionalProperties": False,
}
RESPONSE_FORMAT = {"type": "json_schema", "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True}}

MAX_TOKENS = 48
ENOUGH_TOKENS = 24  # the shortest valid answer takes 13 to 20
NATIVE_WAY = "format on /api/chat"
WAYS: dict[str, dict[str, Any]] = {
    "thinking on": {"thinking": True, "max_tokens": MAX_TOKENS + ALLOWANCE},
    "streamed": {"stream": True, "max_tokens": MAX_TOKENS},
    NATIVE_WAY: {"max_tokens": MAX_TOKENS},
}


async def collect_schema_answer(context: Context) -> SchemaAnswer:
    """Ask for a story under a schema. Raises Skip when plain text is garbage already."""
    await scorable(context)
    exchange = await ask(
        context,
        "schema against prose",
        MESSAGES,
        max_tokens=max(ENOUGH_TOKENS, await shortened(context, MAX_TOKENS)),
        response_format=RESPONSE_FORMAT,
    )
    valid, fenced = judged(exchange)
    others = await other_ways(context) if exchange.ok and context.depth is Depth.DEEP else ()
    return SchemaAnswer(exchange=exchange, valid=valid, fenced=fenced, others=others)


async def other_ways(context: Context) -> tuple[SchemaTrial, ...]:
    """The same with thinking on, streamed, and in the field of Ollama's own route: each has been broken by itself."""
    identity, _ = await who(context)
    trials = []
    with contextlib.suppress(Skip):  # out of budget: what was asked is judged
        for way, fields in WAYS.items():
            if way == NATIVE_WAY and identity.runtime != "ollama":
                continue
            if fields.get("thinking") and not await can_switch_thinking(context):
                continue
            asked = ask_native if way == NATIVE_WAY else ask
            exchange = await asked(context, f"schema, {way}", MESSAGES, response_format=RESPONSE_FORMAT, **fields)
            valid, fenced = judged(exchange)
            trials.append(SchemaTrial(way=way, exchange=exchange, valid=valid, fenced=fenced))
    return tuple(trials)


def judged(exchange: Exchange) -> tuple[bool, bool]:
    """Whether the answer keeps to the schema, and whether only after a code fence was taken off."""
    if keeps(THINKING.sub("", exchange.content).strip()):
        return True, False
    return False, keeps(answer_text(exchange.content))


def keeps(text: str) -> bool:
    """Whether the text is JSON that keeps to the schema."""
    try:
        return not violations(json.loads(text), SCHEMA)
    except (ValueError, RecursionError):
        return False
