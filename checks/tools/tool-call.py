"""Whether the model's tool calls arrive as tool calls.

What: three questions that need a tool (one tool, one of four, two calls at once) and what comes back.

Why: an agent acts only on calls that the server hands over as calls. A call that stays in the text, or in the hidden
thinking, looks like a model that talks about tools and never uses them.

How: requests with tools at temperature 0, thinking off. The text is searched for the call markers of the known model
families and for JSON with a name and arguments.

Limits: a call that is only described in prose is none. That nothing was called is a fault when it happens in two of
three questions and the model answers otherwise; below two billion parameters it is not judged.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
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
NO_CALL = Symptom(id="no-tool-call", title="The model does not call tools", semantic=True)

TOOL_TOKENS = 20  # a tool that is in the prompt takes more: the shortest one on offer has 20 words


async def check(context: Context) -> Verdict:
    """See what became of the calls."""
    answer = await context.fact(ToolAnswer)
    first = answer.trials[0].exchange
    if not first.ok:
        raise Skip(f"a request with tools was refused: {first.error}")
    needing = [trial for trial in answer.trials if not trial.item.startswith("T5")]
    called = [trial for trial in needing if trial.exchange.tool_calls]
    count = probed("questions answered with a call", f"{len(called)} of {len(needing)}", "", first.route)
    found = [finding for finding in map(misplaced, answer.trials) if finding]
    findings = {finding.symptom: finding for finding in reversed(found)}.values()  # one example of each is enough
    if findings or 2 * len(called) > len(needing):
        return verdict(*findings, measured=[count])
    if all(trial.exchange.finish_reason == "length" for trial in needing):
        raise Skip("the answers ended before a call could come")
    return verdict(nothing_called(answer, len(needing) - len(called), count), measured=[count])


def misplaced(trial: ToolTrial) -> Finding | None:
    """A whole call in the text, or a call marker in the hidden thinking, instead of a call."""
    if trial.call_as_text:
        sign = probed("sign of a call in the text", trial.call_as_text, "", f"probe {trial.item}")
        what = f"The call of {trial.named_in_text or 'a tool'}"
        return seen(AS_TEXT, trial.item, f"{what} came as text ({sign.value}), not as a tool call", sign)
    if trial.call_in_thinking:
        sign = probed("sign of a call in the thinking", trial.call_in_thinking, "", f"probe {trial.item}")
        return seen(IN_THINKING, trial.item, f"A call was written in the thinking ({sign.value}) and never made", sign)
    return None


def nothing_called(answer: ToolAnswer, missed: int, count: Evidence) -> Finding | None:
    """No call where one was needed. Raises Skip where that says nothing about the model."""
    if answer.tool_tokens is not None and answer.tool_tokens < TOOL_TOKENS:
        raise Skip("the tools on offer did not reach the prompt")
    if answer.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by the calls it makes")
    control = any(trial.exchange.tool_calls for trial in answer.trials) or (answer.bare and answer.bare.text)
    if missed < 2 or not control:
        raise Skip("too few questions were answered to say whether the model calls tools")
    return seen(NO_CALL, "tools", f"{missed} questions that need a tool were answered without one", count)
