"""The server's API is where its kind has it.

What: whether the server that was recognised lists its models at the usual path.

Why: a server may be told to put its whole API under a prefix, and a reverse proxy may do the same. It is then
recognised by its headers or its page, and every client gets 404.

How: the model list. Where it cannot be read, its status is looked at once more.

Limits: a refusal for want of a key, a loading model and an empty list are judged by other checks.
"""

from doctor.api import (
    ApiAnswer,
    Context,
    Depth,
    Identity,
    Models,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
NOT_FOUND = Symptom(id="api-not-found", title="The API is not at its usual path", severity=Severity.CRITICAL)
MISSING = 404


async def check(context: Context) -> Verdict:
    """Look for the list."""
    identity = await context.fact(Identity)
    if not identity.runtime or identity.state != "ready":
        raise Skip("no model server that is ready was recognised")
    try:
        models = await context.fact(Models)
    except Skip:
        answer = await context.fact(ApiAnswer)
        if answer.status != MISSING:
            raise
        status = probed("status of the model list", answer.status, "HTTP", answer.route)
        text = f"{identity.name} answers, but {answer.route} gives 404: its API must be under another path"
        return verdict(seen(NOT_FOUND, context.target.url, text, status))
    return verdict(measured=[reported("models listed", len(models.names), "", identity.name)])
