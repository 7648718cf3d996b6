"""P27: the model list asked for as web pages of several origins would ask. Nothing is generated."""

from doctor.context import Context
from doctor.errors import Skip, Trouble
from doctor.facts import CrossOrigin, Identity, OriginTrial
from doctor.text import one_line

# A page on this machine, a browser extension, and a page of the web.
ORIGINS = ("http://localhost:3000", "chrome-extension://abcdefghijklmnopabcdefghijklmnop", "https://example.org")
ALLOWED = "access-control-allow-origin"


async def collect_cross_origin(context: Context) -> CrossOrigin:
    """Status and allowed origin of each. Raises Skip where the list is not shown even without an origin."""
    identity = await context.fact(Identity)
    if not identity.openai_url:
        raise Skip("this server has no model list in the OpenAI format")
    path = identity.openai_url.removeprefix(identity.base_url) + "/models"
    plain = await context.http.get(path)
    if plain.status != 200:
        raise Skip(f"the model list answers {plain.status} already without an origin")
    trials = [await trial(context, path, origin) for origin in ORIGINS]
    return CrossOrigin(plain_status=plain.status, trials=tuple(trials), route=f"GET {path}")


async def trial(context: Context, path: str, origin: str) -> OriginTrial:
    """One request with an origin; one that brings no answer has the status 0."""
    try:
        answer = await context.http.get(path, headers={"origin": origin})
    except Trouble:
        return OriginTrial(origin=origin, status=0)
    return OriginTrial(origin=origin, status=answer.status, allowed=one_line(answer.headers.get(ALLOWED, ""), 100))
