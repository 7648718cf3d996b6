"""One item of the tool probes asked, and what is to be seen in its answer."""

import contextlib

import msgspec

from doctor.collect.probes.ask import ask, ask_native
from doctor.collect.probes.call_text import call_in_text, marked_call
from doctor.collect.probes.tool_items import Item
from doctor.collect.probes.tool_score import missed, schema_errors
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import ChatTemplate, Exchange, ModelCard, ToolTrial
from doctor.text import THINKING

# For a thought before the answer, where it was asked for or cannot be switched off (probe rules, section 1).
ALLOWANCE = 1024


async def trial(
    context: Context,
    item: Item,
    *,
    stream: bool = False,
    native: bool = False,
    thinking: bool = False,
    allowance: int = 0,
) -> ToolTrial:
    """The item asked once. Raises what `ask` raises."""
    purpose = " ".join(["tools", item.id, *(word for word, said in (("streamed", stream), ("native", native)) if said)])
    exchange = await (ask_native if native else ask)(
        context,
        purpose + (" thinking" if thinking else ""),
        [{"role": "user", "content": item.text}],
        max_tokens=item.max_tokens + allowance,
        tools=list(item.tools),
        stream=stream,
        thinking=thinking,
    )
    return judged(item, exchange, thinking=thinking)


def judged(item: Item, exchange: Exchange, *, thinking: bool = False) -> ToolTrial:
    """The trial of an answer: a call written as text, what breaks the schema, whether the values are right."""
    written = thought = None
    if not exchange.tool_calls:
        written = call_in_text(THINKING.sub("", exchange.content), item.offered)
        thought = marked_call(exchange.reasoning + "".join(THINKING.findall(exchange.content)))
    miss = missed(item, exchange) if exchange.ok else ""
    made = ToolTrial(
        item=item.id,
        offered=item.offered,
        exchange=exchange,
        needs_call=bool(item.expected),
        thinking=thinking,
        call_as_text=written.sign if written else "",
        named_in_text=written.name if written else "",
        call_in_thinking=thought.sign if thought and not written else "",
        schema_errors=schema_errors(item, exchange),
        semantic_ok=not miss if exchange.ok else None,
        missed=miss,
    )
    return msgspec.structs.replace(made, semantic_ok=None, missed="") if made.eaten else made


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
