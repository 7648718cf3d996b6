"""Whether the model's tool calls arrive as tool calls.

What: questions that need a tool (one tool, one of four, two calls at once) and what comes back.

Why: an agent acts only on calls that the server hands over as calls. A call that stays in the text, or in the hidden
thinking, looks like a model that talks about tools and never uses them.

How: requests with tools at temperature 0, thinking off (at depth deep also on). The text is searched for the call
markers of the known model families and for JSON with a name and arguments. A marker that the chat template does not
know belongs to another family: the template in use is not the model's own.

Limits: a call that is only described in prose is none. Calls that are nowhere are the business of `tool-use`.
"""

import contextlib

from doctor.api import (
    ChatTemplate,
    Context,
    Depth,
    Finding,
    Skip,
    Symptom,
    ToolAnswer,
    ToolTrial,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
AS_TEXT = Symptom(id="tool-call-as-text", title="Tool calls arrive as text")
IN_THINKING = Symptom(id="tool-call-in-thinking", title="Tool calls stay inside the hidden thinking")

LAYER = "layer that lost the call"
MARKS = ("<", "[")  # how the markers of families begin; JSON and code without a marker are no family's own


async def check(context: Context) -> Verdict:
    """See what became of the calls; one example of each fault is enough."""
    answer = await context.fact(ToolAnswer)
    first = answer.trials[0].exchange
    if not first.ok:
        raise Skip(f"a request with tools was refused: {first.error}")
    needing = [trial for trial in answer.trials if trial.counts]
    called = [trial for trial in needing if trial.exchange.tool_calls]
    count = probed("questions answered with a call", f"{len(called)} of {len(needing)}", "", first.route)
    template = ""
    with contextlib.suppress(Skip):
        template = (await context.fact(ChatTemplate)).text
    found = [finding for finding in (misplaced(trial, template) for trial in answer.trials) if finding]
    if not found and not called:
        raise Skip("no call arrived, and none was written where it can be seen")
    findings = {finding.symptom: finding for finding in reversed(found)}.values()
    return verdict(*findings, measured=[count])


def misplaced(trial: ToolTrial, template: str) -> Finding | None:
    """A whole call in the text, or a call marker in the hidden thinking, instead of a call."""
    source = f"probe {trial.item}"
    if trial.call_as_text:
        sign = probed("sign of a call in the text", trial.call_as_text, "", source)
        evidence = [sign, probed(LAYER, "the server's tool parser", "", source)]
        foreign = bool(template) and trial.call_as_text.startswith(MARKS) and trial.call_as_text not in template
        if foreign:  # parsers are chosen by the template, so the template misled this one
            evidence.append(probed("sign in the chat template", value=False, source="the template in use"))
        why = "the template in use speaks of another syntax" if foreign else "the parser left it there"
        what = f"The call of {trial.named_in_text or 'a tool'}"
        return seen(AS_TEXT, trial.item, f"{what} came as text ({sign.value}): {why}", *evidence)
    if trial.call_in_thinking:
        sign = probed("sign of a call in the thinking", trial.call_in_thinking, "", source)
        layer = probed(LAYER, "the server's reasoning parser", "", source)
        with_thinking = ", thinking switched on" if trial.thinking else ""
        summary = f"A call was written in the thinking ({sign.value}) and never made{with_thinking}"
        return seen(IN_THINKING, trial.item, summary, sign, layer)
    return None
