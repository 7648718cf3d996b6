"""The model that is wanted is installed.

What: whether the server lists any model, and the requested one among them.

Why: a wrong name or tag is the most common 404; the nearest name is usually the one that was meant.

How: the server's own model list; the tag `latest` is implied, case does not matter.

Limits: a server that answers with its one model whatever name is sent is never asked for the name.
"""

from doctor.api import Context, Depth, Finding, Models, Severity, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
NO_MODELS = Symptom(id="no-models", title="The server has no model", severity=Severity.CRITICAL)
MISSING = Symptom(id="model-missing", title="The requested model is not there", severity=Severity.CRITICAL)


async def check(context: Context) -> Verdict:
    """Compare the requested name with the list."""
    models = await context.fact(Models)
    listed = reported("models listed", len(models.names), source="model list")
    if not models.names and not models.chosen and models.name_matters:
        return verdict(seen(NO_MODELS, context.target.url, "the server lists no model at all", listed))
    if models.requested and models.requested_exists is False and models.name_matters:
        return verdict(missing(models), measured=[listed])
    return verdict(measured=[listed, reported("examined model", models.chosen, source="model list")])


def missing(models: Models) -> Finding:
    """The finding, with the nearest name."""
    wanted = reported("requested model", models.requested, source="--model")
    nearest = reported("nearest name", models.nearest or None, source="model list")
    hint = f"; the nearest name is {models.nearest}" if models.nearest else ""
    return seen(MISSING, models.requested, f"{models.requested} is not among the models listed{hint}", wanted, nearest)
