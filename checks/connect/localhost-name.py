"""The name localhost leads to the server.

What: whether the address family that `localhost` resolves to first is the one on which the server listens.

Why: some clients try only the first address. With a server on 127.0.0.1 and a name that gives ::1 first they are
refused, although the same address works in others.

How: both addresses are tried, in the order in which the system gives them.

Limits: only when the address was given as `localhost`. Most clients try all addresses and work all the same, so this
is a note.
"""

from doctor.api import Context, Depth, Reach, Severity, Skip, Symptom, Verdict, probed, seen, verdict

DEPTH = Depth.PASSIVE
HALF_OPEN = Symptom(
    id="localhost-half-open", title="localhost leads to an address without the server", severity=Severity.NOTE
)


async def check(context: Context) -> Verdict:
    """Compare the attempts."""
    reach = await context.fact(Reach)
    if reach.host.lower().rstrip(".") != "localhost":
        raise Skip("the address does not use the name localhost")
    if not any(t.state == "open" for t in reach.tried):
        raise Skip("nothing answers at localhost")
    tried = [probed(f"connection to {t.address}:{t.port}", t.state, source="TCP connect") for t in reach.tried]
    first = reach.tried[0]
    if first.state != "refused":
        return verdict(measured=tried)
    other = next(t for t in reach.tried if t.state == "open")
    words = f"localhost leads to {first.address} first, which refuses port {reach.port}; {other.address} answers"
    return verdict(seen(HALF_OPEN, reach.url, words, *tried))
