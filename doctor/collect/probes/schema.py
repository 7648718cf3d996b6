"""P22: prose is asked for and a JSON schema demanded: only an enforced schema gives JSON here.

A question that wants JSON anyway would prove nothing: a good model writes it without any enforcement.
"""

import json
from typing import Any

from doctor.collect.probes.ask import ask
from doctor.collect.probes.pace import scorable, shortened
from doctor.collect.probes.tool_items import violations
from doctor.context import Context
from doctor.facts import Exchange, SchemaAnswer
from doctor.text import THINKING, answer_text

QUESTION = "Tell me a one-sentence story about a cat. Do not use JSON."
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

ENOUGH_TOKENS = 24  # the shortest valid answer takes 13 to 20


async def collect_schema_answer(context: Context) -> SchemaAnswer:
    """Ask for a story under a schema. Raises Skip when plain text is garbage already."""
    await scorable(context)
    exchange = await ask(
        context,
        "schema against prose",
        [{"role": "user", "content": QUESTION}],
        max_tokens=max(ENOUGH_TOKENS, await shortened(context, 48)),
        response_format=RESPONSE_FORMAT,
    )
    return judged(exchange)


def judged(exchange: Exchange) -> SchemaAnswer:
    """Whether the answer keeps to the schema, and whether only after a code fence was taken off."""
    bare = THINKING.sub("", exchange.content).strip()
    if keeps(bare):
        return SchemaAnswer(exchange=exchange, valid=True)
    fenced = keeps(answer_text(exchange.content))
    return SchemaAnswer(exchange=exchange, valid=False, fenced=fenced)


def keeps(text: str) -> bool:
    """Whether the text is JSON that keeps to the schema."""
    try:
        return not violations(json.loads(text), SCHEMA)
    except (ValueError, RecursionError):
        return False
