"""Proxy variables leave local addresses alone.

What: whether a program that honours HTTP_PROXY, HTTPS_PROXY or ALL_PROXY still reaches this local server.

Why: clients written in Python and Node send requests for localhost to the proxy when NO_PROXY does not list it; the
proxy cannot reach this machine's loopback and answers 502 or 503, while a browser or Ollama's own command line works.
Programs written in Go leave localhost out by themselves.

How: the address is asked for once directly and once through the proxy that the variables name, without any key.

Limits: variables of this shell only; a service or desktop program may have others.
"""

from doctor.api import Context, Depth, ProxyTrial, Severity, Skip, Symptom, Verdict, probed, reported, seen, verdict

DEPTH = Depth.PASSIVE
CAPTURED = Symptom(
    id="proxy-captures-local", title="Requests to this machine go through a proxy", severity=Severity.WARNING
)


async def check(context: Context) -> Verdict:
    """Judge both trials."""
    trial = await context.fact(ProxyTrial)
    if not trial.variable:
        return verdict(measured=[reported("proxy for this address", "none", source="environment")])
    if not trial.direct_ok:
        raise Skip("the server does not answer directly either")
    if trial.through_ok is None:
        raise Skip(f"the proxy of {trial.variable} was not tried")
    evidence = (
        reported(trial.variable, trial.proxy, source="environment"),
        probed("answer through the proxy", trial.through_ok, source=trial.detail or "GET through the proxy"),
    )
    if trial.through_ok:
        return verdict(measured=evidence)
    words = (
        f"{trial.variable} sends requests for {context.target.url} to {trial.proxy}, which fails ({trial.detail}); "
        "directly it answers"
    )
    return verdict(seen(CAPTURED, context.target.url, words, *evidence))
