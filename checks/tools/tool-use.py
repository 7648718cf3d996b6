"""Whether the model uses tools, and which layer lost the call where none arrives.

What: questions that need a tool and were answered without a call and without one in the text.

Why: model, template and parser look the same from outside: the agent's tools are never used.

How: the prompt is rendered and completed without any parser, as far as the server offers that. A call in that text was
lost by the parser; so was one whose answer ends for a call and holds none. A tool that is not in the prompt was lost by
the template. Where the prompt holds the tool and nothing was written, it is the model.

Limits: the model is blamed when two of three questions stay without a call and it answers otherwise; below two billion
parameters it is not judged.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    LostCall,
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
SWALLOWED = Symptom(id="tool-call-swallowed", title="Tool calls that the model writes do not arrive at all")
NO_CALL = Symptom(id="no-tool-call", title="The model does not call tools", semantic=True)

LAYER = "layer that lost the call"


async def check(context: Context) -> Verdict:
    """Walk the layers, from the parser back to the model."""
    answer = await context.fact(ToolAnswer)
    first = answer.trials[0].exchange
    if not first.ok:
        raise Skip(f"a request with tools was refused: {first.error}")
    if any(trial.call_as_text or trial.call_in_thinking for trial in answer.trials):
        raise Skip("calls are written and left in the text or the thinking: see the check tool-call")
    needing = [trial for trial in answer.trials if trial.counts]
    called = [trial for trial in needing if trial.exchange.tool_calls]
    count = probed("questions answered with a call", f"{len(called)} of {len(needing)}", "", first.route)
    if 2 * len(called) > len(needing):
        return verdict(measured=[count])
    if all(trial.exchange.finish_reason == "length" for trial in needing):
        raise Skip("the answers ended before a call could come")
    lost = None
    with contextlib.suppress(Skip):
        lost = await context.fact(LostCall)
    swallowed = by_parser(answer, lost)
    return verdict(swallowed or by_model(answer, lost, len(needing) - len(called), count), measured=[count])


def by_parser(answer: ToolAnswer, lost: LostCall | None) -> Finding | None:
    """The model wrote a call, or the server says that it did, and the answer holds none."""
    layer = probed(LAYER, "the server's tool parser")
    shown = answer.trials[0].exchange.text
    # An answer in other words than the raw text is another answer, not one that lost its call.
    if lost and lost.raw and lost.call_in_raw and lost.raw.text.startswith(shown):
        sign = probed("sign of a call in the raw text", lost.call_in_raw, "", lost.raw.route)
        what = lost.named_in_raw or "a tool"
        return seen(SWALLOWED, "T1", f"Read raw, the model writes a call of {what}; the chat shows none", sign, layer)
    ends = [t for t in answer.trials if t.exchange.finish_reason == "tool_calls" and not t.exchange.tool_calls]
    if not ends:
        return None
    ended = probed("finish reason of an answer without a call", "tool_calls", "", f"probe {ends[0].item}")
    return seen(SWALLOWED, ends[0].item, "An answer ended for the sake of a call, and holds none", ended, layer)


def by_model(answer: ToolAnswer, lost: LostCall | None, missed: int, count: Evidence) -> Finding:
    """No call where one was needed. Raises Skip where that says nothing about the model."""
    if answer.tools_lost or (lost and lost.rendered is False):
        raise Skip("the tools on offer did not reach the prompt: the template lost them")
    if answer.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by the calls it makes")
    control = any(trial.exchange.tool_calls for trial in answer.trials) or (answer.bare and answer.bare.text)
    if missed < 2 or not control:
        raise Skip("too few questions were answered to say whether the model calls tools")
    evidence = [count, probed(LAYER, "the model")]
    if lost and lost.rendered:
        evidence.append(probed("tool in the rendered prompt", value=True, source=lost.source))
    if lost and lost.raw:
        evidence.append(probed("call in the model's raw text", value=False, source=lost.raw.route))
    return seen(NO_CALL, "tools", f"{missed} questions that need a tool were answered without one", *evidence)
