"""The answer comes from a model server.

What: which server it is by its own signature, and whether the path of the address works for an OpenAI client.

Why: port 8080 belongs to many programs; a web page or another service at the address gives baffling errors in every
client. A base address without /v1 gives 404 for each request.

How: the first answers are compared with the signatures of about twenty servers; a path that was given is tried as a
client's base address.

Limits: a server that is not known and offers no /v1/models is taken for something else. A path is judged only when
one was given, or when the address comes from a client's own variable.
"""

from doctor.api import (
    Context,
    Depth,
    Elsewhere,
    Evidence,
    Finding,
    Identity,
    Severity,
    Skip,
    Symptom,
    Verdict,
    plain,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
FOREIGN = Symptom(id="not-a-model-server", title="Another program answers at the address", severity=Severity.CRITICAL)
PATH = Symptom(
    id="wrong-path", title="The path of the address is not a client's base address", severity=Severity.CRITICAL
)

QUOTED_CHARACTERS = 80


async def check(context: Context) -> Verdict:
    """Judge who answers."""
    url = context.target.url
    who = await context.fact(Identity)
    if who.state == "foreign":
        return verdict(await _foreign(context, who))
    if not who.runtime:
        raise Skip(f"the answer at {url} does not show which server it is")
    evidence = [reported("server", f"{who.name} {who.version}".strip(), source=who.signature)]
    if who.given_path_works is not False:
        return verdict(measured=evidence)
    tried = probed("client's base address", url, source="GET models, POST chat/completions: 404")
    words = f"a client with the base address {url} gets 404 from {who.name}; {who.openai_url} works"
    return verdict(seen(PATH, url, words, tried, *evidence))


async def _foreign(context: Context, who: Identity) -> Finding:
    url = context.target.url
    quote = plain(" ".join(who.answer.split()), QUOTED_CHARACTERS)
    evidence: list[Evidence] = [probed("first answer", quote or "nothing", source=f"GET {who.base_url}")]
    if who.name:
        words = f"{who.name} answers at {url}: a front without models of its own; the server behind it is meant"
    else:
        words = f"a program that is no model server answers at {url}: {quote or 'an empty page'}"
    try:
        others = await context.fact(Elsewhere)
    except Skip:
        others = Elsewhere()
    if others.found:
        other = others.found[0]
        words += f"; {other.runtime} answers at {other.url}"
        evidence.append(reported("model server found", other.url, source="scan of loopback ports"))
    return seen(FOREIGN, url, words, *evidence)
