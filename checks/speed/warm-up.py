"""The model answers, loads in reasonable time and stays loaded.

What: whether a request for one token is answered, how long loading took, and whether a second request right after it
loads the model again.

Why: a load of over a minute runs into the time limit of many clients, and a model that is loaded for every request
makes each answer as slow as the first. A server that lists its models may still fail as soon as one is asked.

How: two requests of one token each, one after the other. Ollama says how long loading took; elsewhere the difference
between the two answers stands for it.

Limits: a reload shows only where the server reports it. Reloads that other programs cause (another context length,
another model) do not happen here.
"""

from doctor.api import (
    Context,
    Depth,
    Exchange,
    Finding,
    Severity,
    Skip,
    Symptom,
    Verdict,
    WarmUp,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
# Clients give up after a minute (ollama/ollama#7408); a warm Ollama reports under 0.2 s.
SLOW_LOAD_S = 60.0
RELOAD_S = 1.0
# Refusals that other checks explain: key, missing model, rate limits and queues, loading.
EXPLAINED_ELSEWHERE = {401, 403, 404, 408, 429, 503}
WRONG_REQUEST = {400, 422}  # the server runs and says what it does not like
NO_ANSWER = Symptom(id="model-does-not-answer", title="The model does not answer", severity=Severity.CRITICAL)
REFUSED = Symptom(id="plain-request-refused", title="The server refuses a plain request", severity=Severity.CRITICAL)
SLOW_LOAD = Symptom(id="slow-load", title="Loading the model takes over a minute")
RELOADS = Symptom(id="reloads-every-call", title="The model is loaded again for every request")


async def check(context: Context) -> Verdict:
    """Judge the first answer, then the time that loading took in both."""
    warm = await context.fact(WarmUp)
    first, second = warm.first, warm.second
    if not first.ok:
        return verdict(silent(first))
    load_s = first.load_s
    how = reported("time to load", first.load_s, "s", first.route)
    if load_s is None and second is not None and second.ok:
        load_s = first.total_s - second.total_s
        how = computed("time to load", round(max(0.0, load_s), 1), "s", "first answer minus second answer")
    took = probed("first answer", round(first.total_s, 2), "s", first.route)
    findings: list[Finding | None] = []
    if load_s is not None and load_s > SLOW_LOAD_S:
        findings.append(seen(SLOW_LOAD, "model", f"loading took {load_s:.0f} s, over {SLOW_LOAD_S:.0f} s", how))
    if second is not None and second.load_s is not None and second.load_s > RELOAD_S:
        again = reported("time to load, second request", round(second.load_s, 2), "s", second.route)
        text = f"a request right after the first took {second.load_s:.1f} s to load the model again"
        findings.append(seen(RELOADS, "model", f"{text}; a loaded model needs under 0.2 s", again, how))
    return verdict(*findings, measured=[took, how] if load_s is not None else [took])


def silent(first: Exchange) -> Finding:
    """The finding of a request that failed. Raises Skip where another check says why."""
    if "does not support chat" in first.error or "not support generate" in first.error:
        raise Skip("the examined model makes embeddings and does not chat")
    if first.status in EXPLAINED_ELSEWHERE:
        raise Skip(f"the server answered {first.status} to a one-token request: {first.error}")
    answer = probed("answer to a request for one token", first.error, "", first.route or "probe P01")
    status = f"HTTP {first.status}" if first.status else "nothing that can be read"
    if first.status in WRONG_REQUEST:
        return seen(REFUSED, "model", f"a request for one token was refused: {first.error}", answer)
    return seen(NO_ANSWER, "model", f"a request for one token gave {status}: {first.error}", answer)
