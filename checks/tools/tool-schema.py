"""The arguments of tool calls fit the tool's schema.

What: the arguments of every call that the tool questions brought, against the schema that was sent with the tool.

Why: a strict client refuses a call whose arguments have a wrong type, a value outside the list or a field too few; a
lenient one passes nonsense on.

How: parsed arguments are checked for types, allowed values and required fields.

Limits: whether a value makes sense is the business of `tool-items`. Values that break a schema are no fault of a model
with fewer than two billion parameters.
"""

from doctor.api import Context, Depth, Skip, Symptom, ToolAnswer, Verdict, probed, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
OFF_SCHEMA = Symptom(id="tool-arguments-off-schema", title="Arguments of tool calls break the tool's schema")


async def check(context: Context) -> Verdict:
    """Count the answers whose calls fit, of those whose arguments can be parsed."""
    answer = await context.fact(ToolAnswer)
    calls = [(trial, call) for trial in answer.trials for call in trial.exchange.tool_calls]
    known = {trial.item for trial, call in calls if call.name in trial.offered and call.value is not None}
    if not known:
        raise Skip("no tool on offer was called with arguments that can be parsed")
    broken = [trial for trial in answer.trials if trial.schema_errors]
    share = f"{len(known) - len({trial.item for trial in broken})} of {len(known)}"
    fitting = probed("answers whose calls fit their schema", share, "", answer.trials[0].exchange.route)
    if not broken:
        return verdict(measured=[fitting])
    if answer.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by the values it fills in")
    first = broken[0]
    errors = probed("what breaks the schema", "; ".join(first.schema_errors[:3]), "", f"probe {first.item}")
    summary = f"Arguments break the schema: {first.schema_errors[0]}"
    return verdict(seen(OFF_SCHEMA, first.item, summary, errors, fitting))
