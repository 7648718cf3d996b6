"""The path of the address that the user gave: what a client would do with it, and whether that works."""

from typing import TYPE_CHECKING, Any

from doctor.errors import Malformed, Trouble
from doctor.facts import Identity

if TYPE_CHECKING:
    from doctor.http import Answer, Client

ANSWER_S = 3.0
# Ends of full request addresses: a person may paste one, a client's base address must not have one.
ENDPOINTS = ("/chat/completions", "/completions", "/embeddings", "/models", "/responses")
# Paths that belong to a server's own API, not to a reverse proxy in front of it.
OWN_PATHS = ("/v1", "/api", "/engines", "/ui", "/openai")
CLIENT_ORIGINS = ("OPENAI_BASE_URL", "OPENAI_API_BASE")


def without_endpoint(path: str) -> str:
    """`/v1/chat/completions` -> `/v1`; other paths as they are, without a slash at the end."""
    path = path.rstrip("/")
    for end in ENDPOINTS:
        if path.endswith(end):
            return path.removesuffix(end)
    return path


def prefix_of(path: str) -> str:
    """The part of a path under which a reverse proxy may keep a server: `/llm/v1` -> `/llm`, `/v1` -> ""."""
    path = without_endpoint(path)
    for end in ("/api/v1", "/v1", "/api"):
        path = path.removesuffix(end)
    return "" if path.startswith(OWN_PATHS) else path


async def works_as_base(client: "Client", who: Identity, path: str, origin: str) -> bool | None:
    """Whether an OpenAI client works with this base address; None when nobody said that it is one.

    An address from OPENAI_BASE_URL is a client's base as it stands. One from the command line is judged only when it
    has a path, a full request address counts as its base, and a path of Ollama's own API is right for its clients.
    """
    is_base = origin in CLIENT_ORIGINS
    if not who.openai_url or who.state != "ready" or (not path and not is_base):
        return None
    if is_base and path != without_endpoint(path):
        return False
    base = without_endpoint(path)
    if who.openai_url == client.base_url + base:
        return True
    speaks_ollama = who.runtime == "ollama" or bool(who.imitates)
    roots = {who.base_url, who.base_url + "/api"} if speaks_ollama else {who.base_url}
    if not is_base and client.base_url + base in roots:
        return None
    return await _answers(client, base)


async def _answers(client: "Client", base: str) -> bool:
    prefix, client.prefix = client.prefix, ""
    try:
        if _is_list(await client.get(f"{base}/models", deadline_s=ANSWER_S)):
            return True
        # No messages: a server that has the route refuses the request, none generates.
        answer = await client.post(f"{base}/chat/completions", {}, deadline_s=ANSWER_S)
    except Trouble:
        return False
    finally:
        client.prefix = prefix
    return answer.status not in {404, 405} and "Unexpected endpoint" not in answer.text()


def _is_list(answer: "Answer") -> bool:
    try:
        said: Any = answer.json()
    except Malformed:
        return False
    return answer.status == 200 and isinstance(said, dict) and isinstance(said.get("data"), list)
