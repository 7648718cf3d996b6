"""The server is ready for requests.

What: whether the server is still loading its model, turns requests away because it has too many, or fails on its own.

Why: until a model is loaded every request is refused with 503, which clients show as an error; a first start from a
slow disk takes minutes.

How: the server says so itself; while it says that it loads, it is asked again for four seconds before this counts.

Limits: llama.cpp's server says it. Ollama and LM Studio load on the first request and let it wait, vLLM opens its
port only when the model is there.
"""

from doctor.api import Context, Depth, Identity, Severity, Skip, Symptom, Verdict, plain, probed, seen, verdict

DEPTH = Depth.PASSIVE
LOADING = Symptom(id="server-loading", title="The server is loading its model", severity=Severity.WARNING)
OVERLOADED = Symptom(id="server-overloaded", title="The server turns requests away", severity=Severity.WARNING)
BROKEN = Symptom(id="server-fails", title="The server answers with errors of its own", severity=Severity.CRITICAL)


async def check(context: Context) -> Verdict:
    """Judge what the server says about its readiness."""
    url = context.target.url
    who = await context.fact(Identity)
    name = who.name or "the server"
    said = plain(" ".join(who.answer.split()), 120) or "nothing"
    state = probed("state", who.state, source=who.signature or f"GET {who.base_url}")
    if who.state == "busy":
        return verdict(seen(OVERLOADED, url, f"{name} turns requests away for now: {said}", state))
    if not who.runtime or who.state not in {"ready", "loading", "broken"}:
        raise Skip(f"{url} does not say whether a model is loaded")
    if who.state == "loading":
        words = f"{name} answers 503, still loading its model after 4 s of asking; a later run can examine it"
        return verdict(seen(LOADING, url, words, state))
    if who.state == "broken":
        return verdict(seen(BROKEN, url, f"{name} answers a request for its own settings with an error: {said}", state))
    return verdict(measured=[state])
