"""Whether the server takes the tools that a request offers.

What: the first question with a tool on offer: accepted or refused, and how many prompt tokens the tool adds.

Why: a server may refuse tools for want of a start option, or take them and leave them out of the prompt. Either way an
agent cannot work, and only the first says so.

How: the error text of a refusal names its reason. Where no tool was called at all, a new text is sent with a tool and
without: a tool on offer has at least twenty words, so a prompt that is no longer with it does not hold it.

Limits: a model without tools is healthy, so a refusal is only a note unless the runtime says that this model takes
tools, or the error names an option that is missing.
"""

from doctor.api import (
    Context,
    Depth,
    Exchange,
    Finding,
    Severity,
    Skip,
    Symptom,
    ToolAnswer,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
NONE = Symptom(id="no-tool-support", title="The model takes no tools", severity=Severity.NOTE)
REFUSED = Symptom(id="tools-refused", title="The server refuses tools for a model that takes them")
NO_PARSER = Symptom(id="tool-parser-flags-missing", title="The server was started without a tool parser")
LOST = Symptom(id="tools-lost-in-template", title="The template leaves out the tools that the model was trained for")


async def check(context: Context) -> Verdict:
    """See whether the first request was taken, and whether its tool was counted."""
    answer = await context.fact(ToolAnswer)
    first = answer.trials[0].exchange
    if not first.ok:
        return verdict(refusal(first, claimed=bool(answer.claims_tools)))
    added = answer.tool_tokens
    if added is None:
        return verdict(measured=[probed("request with tools accepted", value=True, source=first.route)])
    tokens = probed("prompt tokens that a tool adds", added, "tokens", first.route)
    if not answer.tools_lost:
        return verdict(measured=[tokens])
    symptom = LOST if answer.claims_tools else NONE
    layer = probed("layer that lost the call", "the chat template", "", first.route)
    summary = f"Offering a tool made the prompt {added} tokens longer: it is not in there"
    return verdict(seen(symptom, "tools", summary, tokens, layer))


def refusal(exchange: Exchange, *, claimed: bool) -> Finding:
    """A server that says no to tools. Raises Skip for a refusal about something else."""
    status = probed("refusal", f"HTTP {exchange.status}: {exchange.error}", "", exchange.route)
    if "tool-call-parser" in exchange.error:
        return seen(NO_PARSER, "tools", "The server wants its tool parser options before it takes tools", status)
    if "tool" not in exchange.error.lower():
        raise Skip(f"a question with tools failed with HTTP {exchange.status}: {exchange.error}")
    symptom = REFUSED if claimed or "--jinja" in exchange.error else NONE
    return seen(symptom, "tools", f"A request with tools was refused: {exchange.error}", status)
