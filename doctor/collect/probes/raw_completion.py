"""A prompt completed as it is, without any chat template: one request, one `Exchange` back."""

import math
from typing import Any

import msgspec

from doctor.collect.probes.answer import decode, error_text
from doctor.collect.probes.ask import turn, who
from doctor.collect.probes.values import clean, count, first, name_of, section
from doctor.collect.probes.wire import refused
from doctor.context import Context
from doctor.errors import Malformed, Skip
from doctor.facts import Exchange, Identity

GREEDY: dict[str, Any] = {"temperature": 0, "top_p": 1, "seed": 42}
NO_ROUTE = (404, 405, 501)


async def complete(
    context: Context, purpose: str, prompt: str, *, max_tokens: int, deadline_s: float = 60.0
) -> tuple[Exchange, float | None]:
    """The continuation as an `Exchange`, and the probability of its first token where the server says it.

    Raises Skip where the server has no such route and what `turn` raises; Unreachable, TooLate, Malformed.
    """
    identity, models = await who(context)
    path, body = request(identity, models.chosen, prompt, max_tokens)
    base = Exchange(
        purpose=purpose, status=200, max_tokens=max_tokens, route=f"POST {path}", sent_words=len(prompt.split())
    )
    async with turn(context, max_tokens, deadline_s) as spend:
        answer = await context.http.post(path, body, deadline_s=deadline_s)
        if answer.status in NO_ROUTE:
            raise Skip(f"{identity.name or 'this server'} completes no prompt without its chat template")
        base = msgspec.structs.replace(base, total_s=answer.seconds)
        if answer.status != 200:
            return spend(refused(base, answer.status, answer.text(), answer.seconds)), None
        content = decode(answer.body)
        return spend(read(content, base)), top_probability(content)


def request(identity: Identity, model: str, prompt: str, max_tokens: int) -> tuple[str, dict[str, Any]]:
    """Path and body for this kind of server. Raises Skip."""
    if identity.runtime == "llama.cpp":
        fields = {"n_predict": max_tokens, "n_probs": 1, "cache_prompt": False, "repeat_penalty": 1.0}
        return "/completion", {"prompt": prompt, **fields, **GREEDY}
    if identity.runtime == "ollama":
        options = {**GREEDY, "num_predict": max_tokens, "repeat_penalty": 1.0}
        return "/api/generate", {"model": model, "prompt": prompt, "raw": True, "stream": False, "options": options}
    if not identity.openai_url:
        raise Skip(f"{identity.name or 'this server'} completes no prompt without its chat template")
    path = identity.openai_url.removeprefix(identity.base_url) + "/completions"
    return path, {"model": model, "prompt": prompt, "max_tokens": max_tokens, **GREEDY}


def read(body: object, base: Exchange) -> Exchange:
    """Text and counts from the fields of the three routes. Raises Malformed."""
    if not isinstance(body, dict):
        raise Malformed("the answer is not a JSON object")
    refusal = error_text(body)
    if refusal:
        return msgspec.structs.replace(base, error=refusal)
    choice, usage = first(body.get("choices")), section(body, "usage")
    text = next((t for t in (body.get("content"), body.get("response"), choice.get("text")) if isinstance(t, str)), "")
    counts = (body.get("tokens_predicted"), body.get("eval_count"), usage.get("completion_tokens"))
    ended = name_of(choice.get("finish_reason")) or name_of(body.get("done_reason"))
    return msgspec.structs.replace(
        base,
        content=clean(text),
        finish_reason=ended or ("length" if body.get("stop_type") == "limit" else "stop"),
        completion_tokens=next((c for c in map(count, counts) if c is not None), None),
    )


def top_probability(body: object) -> float | None:
    """Probability of the first token of llama.cpp's `/completion`, 0 to 1; None where it is not told."""
    tokens = body.get("completion_probabilities") if isinstance(body, dict) else None
    first_token = tokens[0] if isinstance(tokens, list) and tokens else None
    value = first_token.get("logprob") if isinstance(first_token, dict) else None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return math.exp(min(0.0, value)) if math.isfinite(value) else None
