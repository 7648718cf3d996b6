"""Web pages of this machine may call the server.

What: the model list asked for as a page of this machine, a browser extension and a page of the web would ask.

Why: browsers refuse an answer that does not name the page's origin, while the same request from a terminal works. The
page then shows a network error or an empty model list.

How: the request with three origins and without any; the status and the header Access-Control-Allow-Origin.

Limits: refusing strange pages and extensions is right and safe, so they are only listed; a page of this machine that is
turned away is a note. What an origin may do beyond reading the list is not tried.
"""

from doctor.api import Context, CrossOrigin, Depth, OriginTrial, Severity, Symptom, Verdict, probed, seen, verdict

DEPTH = Depth.PASSIVE
OWN = "http://localhost:3000"  # a page of this machine: Ollama and llama.cpp let it in by default
REFUSED = Symptom(id="origin-refused", title="Web pages may not call this server", severity=Severity.NOTE)


async def check(context: Context) -> Verdict:
    """List the origins; a finding when even a page of this machine is turned away."""
    tried = await context.fact(CrossOrigin)
    shown = ", ".join(f"{short(trial)} {'yes' if allowed(trial) else 'no'}" for trial in tried.trials)
    measured = probed("origins that may call", shown, "", tried.route)
    refused = [trial for trial in tried.trials if not allowed(trial)]
    if OWN not in {trial.origin for trial in refused}:
        return verdict(measured=[measured])
    status = probed(f"answer to {short(refused[0])}", refused[0].status, "HTTP status", tried.route)
    text = f"a browser turns the answer away for {', '.join(map(short, refused))}; without an origin it is 200"
    return verdict(seen(REFUSED, context.target.url, text, measured, status))


def allowed(trial: OriginTrial) -> bool:
    """Whether a browser lets the page read the answer."""
    return trial.status == 200 and trial.allowed in ("*", trial.origin)


def short(trial: OriginTrial) -> str:
    """The origin as a person calls it."""
    scheme = trial.origin.partition("://")[0]
    return "an extension" if scheme.endswith("extension") else trial.origin
