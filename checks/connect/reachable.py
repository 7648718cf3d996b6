"""Something answers at the address.

What: whether the host name resolves, each of its addresses takes connections, and a first request is answered.

Why: with a server that is down, or an address that leads elsewhere, nothing else can be examined. The address is the
most frequent mistake of a first installation.

How: each address is tried on its own, then one page is asked for. When that fails on this machine, the usual ports of
model servers and the sockets of known processes are looked at, so that a wrong port is told from a stopped server.

Limits: other ports of other machines are not looked at. A firewall and a machine that is switched off look the same.
"""

from doctor.api import (
    Context,
    Depth,
    Elsewhere,
    Evidence,
    Reach,
    Severity,
    Skip,
    Symptom,
    System,
    Verdict,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DOWN = Symptom(id="server-down", title="No server answers at the address", severity=Severity.CRITICAL)
ELSEWHERE = Symptom(id="runtime-elsewhere", title="The server runs, at another address", severity=Severity.CRITICAL)
LOOPBACK = Symptom(id="bound-to-loopback", title="The server answers on loopback only", severity=Severity.CRITICAL)
SILENT = Symptom(
    id="server-silent", title="The server takes connections and does not answer", severity=Severity.CRITICAL
)
NAME = Symptom(id="name-not-found", title="The host name does not resolve", severity=Severity.CRITICAL)
TLS = Symptom(
    id="tls-mismatch", title="http:// and https:// are mixed up, or a certificate fails", severity=Severity.CRITICAL
)

GATEWAY_FAILURES = (502, 504)  # a proxy in front says so when nothing answers behind it
STATE_WORDS = {
    "refused": "refused the connection",
    "timeout": "did not take the connection in time",
    "reset": "reset the connection",
    "broken": "could not be connected to",
}


async def check(context: Context) -> Verdict:
    """Judge the attempts to connect."""
    reach = await context.fact(Reach)
    tried = [probed(f"connection to {t.address}:{t.port}", t.state, source="TCP connect") for t in reach.tried]
    if reach.http_status is not None:
        tried.append(probed("status of the first answer", reach.http_status, source=f"GET {reach.url}"))
    if reach.state == "open":
        gateway = reach.http_status in GATEWAY_FAILURES
        words = f"a gateway answers {reach.http_status} at {reach.url}: the model server behind it is down"
        return verdict(seen(DOWN, reach.url, words, *tried) if gateway else None, measured=tried)
    if reach.state == "no-such-name":
        looked_up = probed("addresses of the name", 0, source=f"name service, {reach.host}")
        return verdict(seen(NAME, reach.url, f"the name {reach.host} has no address on this machine", looked_up))
    if reach.state == "tls":
        return verdict(seen(TLS, reach.url, f"{reach.url} cannot be used: {reach.detail}", *tried))
    if reach.state in {"silent", "reset"} and any(t.state == "open" for t in reach.tried):
        words = f"{reach.url} takes connections, but: {reach.detail or 'it closes them without an answer'}"
        return verdict(seen(SILENT, reach.url, words, *tried))
    return await _down(context, reach, tried)


async def _down(context: Context, reach: Reach, tried: list[Evidence]) -> Verdict:
    """No connection: stopped, or somewhere else on this machine."""
    words = f"{reach.host}:{reach.port} {STATE_WORDS.get(reach.state, 'cannot be used')}"
    try:
        others = await context.fact(Elsewhere)
    except Skip:
        others = Elsewhere()
    for other in others.found:
        found = reported("model server found", other.url, source="scan of loopback ports")
        if other.url.endswith(f":{reach.port}"):
            words += f", while {other.url} answers: the server listens on loopback only"
            return verdict(seen(LOOPBACK, reach.url, words, *tried, found))
        return verdict(seen(ELSEWHERE, reach.url, f"{words}; {other.runtime} answers at {other.url}", *tried, found))
    if others.looked_at:
        words += f", and no model server was found on {len(others.looked_at)} other ports"
    if reach.process_listening:
        words += "; a server process exists, it may be starting"
    return verdict(seen(DOWN, reach.url, words + await _container_words(context, reach), *tried))


async def _container_words(context: Context, reach: Reach) -> str:
    try:
        system = await context.fact(System)
    except Skip:
        return ""
    if not (system.container and reach.local):
        return ""
    return f"; this program runs in a container ({system.container}), whose {reach.host} is the container itself"
