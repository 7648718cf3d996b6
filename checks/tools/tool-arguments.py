"""Whether the model's tool calls can be used as they are.

What: the name and the arguments of every call that the tool questions brought.

Why: a client looks the name up and parses the arguments. A name that nobody offered, arguments that are no JSON, or an
object where the contract says text stop an agent at that step.

How: the calls of the same requests as in `tool-call`, for Ollama also one on its own route. Names are compared with
the tools on offer, arguments are parsed. The type of the arguments is looked at in streams as well.

Limits: what the arguments say is the business of `tool-schema` and `tool-items`.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Finding,
    Skip,
    Symptom,
    ToolAnswer,
    ToolCall,
    ToolStream,
    ToolTrial,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
LOOK_ALIKES = "T9"  # names that are there to mislead: tool-items says who was misled
UNKNOWN_NAME = Symptom(id="tool-name-unknown", title="The model calls tools that were not offered")
NOT_JSON = Symptom(id="tool-arguments-not-json", title="Arguments of tool calls are not JSON")
WRONG_TYPE = Symptom(id="tool-arguments-wrong-type", title="Arguments of tool calls have the wrong shape")


async def check(context: Context) -> Verdict:
    """Look at each call once; one example of each fault is enough."""
    answer = await context.fact(ToolAnswer)
    trials = [trial for trial in answer.trials if not trial.item.startswith(LOOK_ALIKES)]
    streamed: list[ToolTrial] = []
    with contextlib.suppress(Skip):
        streamed = [pair.streamed for pair in (await context.fact(ToolStream)).pairs]
    calls = [(trial, call) for trial in trials for call in trial.exchange.tool_calls]
    in_streams = [(trial, call) for trial in streamed for call in trial.exchange.tool_calls]
    written = [trial for trial in trials if trial.call_as_text and trial.named_in_text]
    if not calls and not written:
        raise Skip("no tool was called")
    looked_at = probed("tool calls looked at", len(calls) + len(written), "", trials[0].exchange.route)
    findings = [unknown(t, call.name, f"probe {t.item}") for t, call in calls]
    findings += [unknown(t, t.named_in_text.removeprefix("functions."), f"text of {t.item}") for t in written]
    findings += [misshapen(t, call) for t, call in (*calls, *in_streams)] + [not_json(t, call) for t, call in calls]
    first_of_each = {finding.symptom: finding for finding in reversed(findings) if finding is not None}.values()
    return verdict(*first_of_each, measured=[looked_at])


def unknown(trial: ToolTrial, name: str, source: str) -> Finding | None:
    """A name that is not on offer, spelled exactly."""
    if name in trial.offered:
        return None
    offered = probed("tools on offer", ", ".join(trial.offered), "", source)
    called = probed("tool called", plain(name, 80), "", source)
    return seen(UNKNOWN_NAME, trial.item, f"The model called {name!r}, which was not offered", called, offered)


def misshapen(trial: ToolTrial, call: ToolCall) -> Finding | None:
    """Text is the contract of /v1, an object that of Ollama's own route; nothing at all is neither."""
    wanted = "object" if trial.native else "string"
    if call.arguments_type in (wanted, "missing"):
        return None
    where = " in a stream" if trial.exchange.streamed else ""
    kind = probed("type of the arguments" + where, call.arguments_type, "", trial.exchange.route)
    summary = f"Arguments came as {call.arguments_type}{where}, the contract says {wanted}"
    return seen(WRONG_TYPE, call.name, summary, kind)


def not_json(trial: ToolTrial, call: ToolCall) -> Finding | None:
    """Text that is no JSON object, unless the output limit cut it off."""
    cut_off = trial.exchange.finish_reason == "length"
    if cut_off or not call.arguments.strip() or call.value is not None:
        return None
    text = probed("arguments", plain(call.arguments, 120), "", f"probe {trial.item}")
    return seen(NOT_JSON, call.name, "The arguments of a tool call are no JSON object", text)
