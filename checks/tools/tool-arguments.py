"""Whether the model's tool calls can be used as they are.

What: the name and the arguments of every call that the tool questions brought.

Why: a client looks the name up and parses the arguments. A name that nobody offered, arguments that are no JSON, an
object where the contract says text, or values that break the schema stop an agent at that step.

How: the calls of the same requests as in `tool-call`. Names are compared with the tools on offer, arguments are parsed
and checked against the tool's own schema (types, allowed values, required fields).

Limits: whether a value makes sense is not judged. Values that break a schema are no fault of a model with fewer than
two billion parameters.
"""

import contextlib
import json

from doctor.api import (
    Context,
    Depth,
    Finding,
    Skip,
    Symptom,
    ToolAnswer,
    ToolCall,
    ToolTrial,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
UNKNOWN_NAME = Symptom(id="tool-name-unknown", title="The model calls tools that were not offered")
NOT_JSON = Symptom(id="tool-arguments-not-json", title="Arguments of tool calls are not JSON")
OFF_SCHEMA = Symptom(id="tool-arguments-off-schema", title="Arguments of tool calls break the tool's schema")
WRONG_TYPE = Symptom(id="tool-arguments-wrong-type", title="Arguments of tool calls have the wrong shape")


async def check(context: Context) -> Verdict:
    """Look at each call once; one example of each fault is enough."""
    answer = await context.fact(ToolAnswer)
    calls = [(trial, call) for trial in answer.trials for call in trial.exchange.tool_calls]
    written = [trial for trial in answer.trials if trial.call_as_text and trial.named_in_text]
    if not calls and not written:
        raise Skip("no tool was called")
    looked_at = probed("tool calls looked at", len(calls) + len(written), "", answer.trials[0].exchange.route)
    findings = [unknown(t, call.name, f"probe {t.item}") for t, call in calls]
    findings += [unknown(t, t.named_in_text.removeprefix("functions."), f"text of {t.item}") for t in written]
    findings += [misshapen(t, call) for t, call in calls] + [not_json(t, call) for t, call in calls]
    broken = [off_schema(trial) for trial in answer.trials if trial.schema_errors]
    kept = first_of_each([*findings, *([] if answer.small_model else broken)])
    if broken and answer.small_model and not kept:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by the values it fills in")
    return verdict(*kept, measured=[looked_at])


def unknown(trial: ToolTrial, name: str, source: str) -> Finding | None:
    """A name that is not on offer, spelled exactly."""
    if name in trial.offered:
        return None
    offered = probed("tools on offer", ", ".join(trial.offered), "", source)
    called = probed("tool called", plain(name, 80), "", source)
    return seen(UNKNOWN_NAME, trial.item, f"The model called {name!r}, which was not offered", called, offered)


def misshapen(trial: ToolTrial, call: ToolCall) -> Finding | None:
    """Text is the contract of /v1, an object that of Ollama's own route; nothing at all is neither."""
    wanted = "object" if trial.exchange.route.endswith("/api/chat") else "string"
    if call.arguments_type in (wanted, "missing"):
        return None
    kind = probed("type of the arguments", call.arguments_type, "", trial.exchange.route)
    return seen(WRONG_TYPE, call.name, f"Arguments came as {call.arguments_type}, the contract says {wanted}", kind)


def not_json(trial: ToolTrial, call: ToolCall) -> Finding | None:
    """Text that is no JSON object, unless the output limit cut it off."""
    if trial.exchange.finish_reason == "length" or not call.arguments.strip():
        return None
    with contextlib.suppress(ValueError, RecursionError):
        if isinstance(json.loads(call.arguments), dict):
            return None
    text = probed("arguments", plain(call.arguments, 120), "", f"probe {trial.item}")
    return seen(NOT_JSON, call.name, "The arguments of a tool call are no JSON object", text)


def off_schema(trial: ToolTrial) -> Finding:
    """Values that the tool's own schema does not allow."""
    errors = probed("what breaks the schema", "; ".join(trial.schema_errors[:3]), "", f"probe {trial.item}")
    return seen(OFF_SCHEMA, trial.item, f"Arguments break the schema: {trial.schema_errors[0]}", errors)


def first_of_each(findings: list[Finding | None]) -> list[Finding]:
    """The first finding of every symptom."""
    return list({finding.symptom: finding for finding in reversed(findings) if finding is not None}.values())
