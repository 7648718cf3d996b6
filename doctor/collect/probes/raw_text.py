"""What the model writes after a given prompt, read by no chat parser: the control for template and parser."""

from typing import Any

from doctor.collect.probes.answer import decode
from doctor.collect.probes.ask import turn, who
from doctor.collect.probes.raw_completion import GREEDY, read
from doctor.collect.probes.wire import refused
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, Identity

# Servers that take a prompt with its markers on a route of their own; the others have the completions of OpenAI.
OPENAI_COMPLETIONS = ("vllm", "sglang", "lmstudio")


async def raw_text(
    context: Context, purpose: str, prompt: str, *, max_tokens: int, deadline_s: float = 60.0
) -> Exchange:
    """The continuation of a prompt whose role markers are part of it, as an `Exchange` with the text as content.

    Raises Skip where the server has no such route, what `turn` raises, Unreachable and Malformed.
    """
    identity, models = await who(context)
    path, body = request(identity, models.chosen, prompt, max_tokens)
    base = Exchange(purpose=purpose, status=200, max_tokens=max_tokens, route=f"POST {path}")
    async with turn(context, max_tokens, deadline_s) as spend:
        answer = await context.http.post(path, body, deadline_s=deadline_s)
        if answer.status != 200:
            return spend(refused(base, answer.status, answer.text(), answer.seconds))
        return spend(read(decode(answer.body), base))


def request(identity: Identity, model: str, prompt: str, max_tokens: int) -> tuple[str, dict[str, Any]]:
    """Path and body. Raises Skip."""
    if identity.runtime == "llama.cpp":
        return "/completion", {"prompt": prompt, "n_predict": max_tokens, "cache_prompt": False, **GREEDY}
    if identity.runtime == "ollama":
        options = {**GREEDY, "num_predict": max_tokens}
        return "/api/generate", {"model": model, "prompt": prompt, "raw": True, "stream": False, "options": options}
    if identity.runtime in OPENAI_COMPLETIONS:
        path = identity.openai_url.removeprefix(identity.base_url) + "/completions"
        return path, {"model": model, "prompt": prompt, "max_tokens": max_tokens, **GREEDY}
    raise Skip(f"no route of {identity.name or 'this server'} is known that completes a prompt as it is")
