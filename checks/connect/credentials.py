"""The server accepts the request's key.

What: whether the server wants an API key, and whether the given one is right.

Why: clients report a wrong or missing key as "connection failed" or as an empty model list.

How: the status with which the server answers a request for its settings or its model list, sent with the key that was
given, or without one.

Limits: a key that may list models and may not generate is not recognised here.
"""

import re

from doctor.api import Context, Depth, Identity, Severity, Skip, Symptom, Verdict, plain, probed, seen, verdict

DEPTH = Depth.PASSIVE
NEEDED = Symptom(id="key-needed", title="The server wants an API key", severity=Severity.CRITICAL)
REFUSED = Symptom(id="key-refused", title="The server refuses the API key", severity=Severity.CRITICAL)
CLOUD = Symptom(id="refusal-names-cloud", title="The refusal comes from a cloud service", severity=Severity.CRITICAL)
HOST = Symptom(id="host-name-refused", title="The server refuses the name it is called by", severity=Severity.CRITICAL)

# Account pages that refusals of cloud services point to.
CLOUD_HOST = re.compile(
    r"\b(?:platform\.openai\.com|openrouter\.ai|console\.\w+\.(?:com|ai)|ollama\.com|[\w.]+\.azure\.com)\b"
)

STATE_WORDS = {
    "foreign": "is no model server",
    "loading": "is still loading its model",
    "busy": "says that it is busy",
    "broken": "answers with errors",
}


async def check(context: Context) -> Verdict:
    """Judge whether the door is open."""
    url = context.target.url
    who = await context.fact(Identity)
    if who.state not in {"ready", "locked"}:
        raise Skip(f"{url} {STATE_WORDS.get(who.state, 'cannot be judged')}, so nothing is known about its key")
    key_given = bool(context.target.api_key)
    refusal = plain(" ".join(who.answer.split()), 120)
    evidence = probed("access", who.state, source=f"{who.signature}, {'with' if key_given else 'without'} a key")
    if who.state == "ready":
        return verdict(measured=[evidence])
    name = who.name or "the server"
    answer = probed("refusal", refusal or "empty", source=who.signature)
    cloud = CLOUD_HOST.search(who.answer)
    if cloud:
        words = f"{url} refuses with a text that names {cloud[0]}: the request ends at a cloud service"
        return verdict(seen(CLOUD, url, words, evidence, answer))
    if who.signature == "HTTP 403" and not refusal and not key_given:
        words = f"{url} answers 403 without a word, as Ollama does when its host is called by a name that is not local"
        return verdict(seen(HOST, url, words, evidence, answer))
    if key_given:
        return verdict(
            seen(REFUSED, url, f"{name} at {url} refuses the key that was given: {refusal}", evidence, answer)
        )
    return verdict(seen(NEEDED, url, f"{name} at {url} wants a key and none was given: {refusal}", evidence, answer))
