"""What the server makes of tools: a call and its result as rendered, and the trail of a call that never arrived."""

import contextlib
from typing import Any

from doctor.collect.probes.ask import ready, turn, who
from doctor.collect.probes.call_text import call_in_text
from doctor.collect.probes.native import native_message
from doctor.collect.probes.raw_text import raw_text
from doctor.collect.probes.tool_items import SIMPLE
from doctor.collect.render import FIRST, TOOL, TOOLS
from doctor.context import Context
from doctor.errors import DoctorError, Malformed, Refused, Skip
from doctor.facts import Exchange, Identity, LostCall, ToolAnswer, ToolPrompt
from doctor.model import Depth
from doctor.runtimes import renderer
from doctor.text import one_line

VALUE, RESULT = "brindisi", "slackwater"
ARGUMENTS = f'{{"port": "{VALUE}"}}'
MAX_PROMPT = 20_000
RAW_TOKENS = 96
Messages = list[dict[str, Any]]
Tools = list[dict[str, Any]]


async def collect_tool_prompt(context: Context) -> ToolPrompt:
    """The history rendered. Raises Skip where the server shows no prompts, or refuses the question itself.

    Ollama is asked at depth deep only: there it takes a request of the budget.
    """
    identity = await context.fact(Identity)
    if identity.runtime == "ollama" and context.depth is not Depth.DEEP:
        raise Skip("asked at depth deep only: Ollama loads the model to show a prompt")
    source, text, refusal = await history(context)
    if refusal:
        try:
            await rendered(context, question(FIRST), TOOLS)
        except (Refused, Malformed) as error:
            raise Skip(f"the server does not render a question with tools: {one_line(str(error), 200)}") from error
    return ToolPrompt(history=text, refusal=refusal, question=FIRST, value=VALUE, result=RESULT, source=source)


async def history(context: Context) -> tuple[str, str | None, str]:
    """Source, the rendered history, and why there is none. Raises Skip where the server shows no prompts."""
    call = {"id": "call_doctor1", "type": "function", "function": {"name": TOOL, "arguments": ARGUMENTS}}
    messages = [
        *question(FIRST),
        {"role": "assistant", "content": "", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "call_doctor1", "content": f'{{"water": "{RESULT}"}}'},
    ]
    try:
        source, text = await rendered(context, messages, TOOLS)
    except Refused as error:
        return "", None, one_line(error.body or str(error), 500)
    except Malformed as error:
        raise Skip(str(error)) from error
    return source, text, ""


def question(text: str) -> Messages:
    """One user message."""
    return [{"role": "user", "content": text}]


async def rendered(context: Context, messages: Messages, tools: Tools) -> tuple[str, str]:
    """Source and text of a prompt. Raises Skip where the server shows none, Refused, Malformed."""
    identity = await context.fact(Identity)
    render = renderer(identity)
    if render is None:
        raise Skip(f"{identity.name or 'this server'} does not show its prompts")
    if identity.runtime != "ollama":
        return "the rendered prompt", (await render(context, messages, tools, True))[:MAX_PROMPT]
    await who(context)  # Ollama loads the model for it, so it is a request like any other
    await ready(context)
    async with turn(context, 1, 60.0):
        text = await render(context, [native_message(message) for message in messages], tools, True)
    return "the rendered prompt (_debug_render_only)", text[:MAX_PROMPT]


async def collect_lost_call(context: Context) -> LostCall:
    """Where no call came: whether the tool is in the prompt, and whether the model writes a call after it.

    Raises Skip where a call came, where tools were refused, and where the server neither renders nor completes.
    """
    answer = await context.fact(ToolAnswer)
    first = answer.trials[0].exchange
    if not first.ok or any(each.called for each in answer.trials):
        raise Skip("a call is not missing, or tools were refused")
    try:
        source, prompt = await rendered(context, question(SIMPLE.text), list(SIMPLE.tools))
    except DoctorError as error:
        raise Skip(str(error)) from error
    if SIMPLE.offered[0] not in prompt:
        return LostCall(rendered=False, source=source)
    raw = await continued(context, prompt)
    text = raw.content.rpartition("</think>")[2] if raw else ""
    written = call_in_text(text, SIMPLE.offered)
    return LostCall(
        rendered=True,
        source=source,
        raw=raw,
        call_in_raw=written.sign if written else "",
        named_in_raw=written.name if written else "",
    )


async def continued(context: Context, prompt: str) -> Exchange | None:
    """What the model writes after the prompt; None where nothing can be asked in this way."""
    with contextlib.suppress(Skip, DoctorError):
        raw = await raw_text(context, "tools: raw text", prompt, max_tokens=RAW_TOKENS)
        return raw if raw.ok else None
    return None
