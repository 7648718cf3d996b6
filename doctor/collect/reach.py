"""Whether something answers where the target points, what runs elsewhere instead, and what a proxy makes of it."""

import asyncio
import os
import time
import urllib.request
from urllib.parse import urlsplit

from doctor.address import is_loopback
from doctor.collect.sockets import addresses, banner, is_own, speaks_tls, try_connect
from doctor.context import Context
from doctor.errors import DoctorError, Malformed, Skip, TooLate, Unreachable, UsageError
from doctor.facts import Elsewhere, Found, ProxyTrial, Reach, Tried
from doctor.text import one_line

# llama.cpp, Ollama, LM Studio, vLLM, TabbyAPI, KoboldCpp, omlx, Jan, SGLang; llama.cpp announced its move to 9931.
WELL_KNOWN_PORTS = (11434, 8080, 9931, 1234, 8000, 5000, 5001, 10240, 1337, 30000)
LM_STUDIO_PORT = 1234
FIRST_ANSWER_S = 5.0
PROXY_ANSWER_S = 5.0
SCAN_CONNECT_S = 0.25
WHO_S = 3.0
USE_HTTPS = "the port speaks TLS, so the address begins with https://"
USE_HTTP = "the port speaks plain HTTP, so the address begins with http://"
TLS_RECORDS = (b"\x15\x03", b"\x16\x03")  # an alert, a handshake
TLS_WORDS = ("https port", "to an https", "http request to an https", "sent to https")


def first_path(port: int) -> str:
    """The first path to ask for: LM Studio writes an error into its log for every path that it does not know."""
    return "/lmstudio-greeting" if port == LM_STUDIO_PORT else "/"


def host_and_port(url: str) -> tuple[str, int]:
    """Host and port of a target's URL. Raises `UsageError`."""
    parts = urlsplit(url)
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise UsageError(f"{one_line(url, 80)} has no usable port") from error
    if not parts.hostname:
        raise UsageError(f"{one_line(url, 80)} names no host")
    return parts.hostname, port


async def collect_reach(context: Context) -> Reach:
    """Resolve the name, try every address on its own, then ask for one page."""
    target = context.target
    host, port = host_and_port(target.url)
    try:
        found = await addresses(host, port)
    except TimeoutError:
        found = ()
    if host.lower().rstrip(".") == "localhost":
        # Both families matter: clients differ in which one they take.
        found = tuple(dict.fromkeys([*found, "127.0.0.1", "::1"]))
    if not found:
        return Reach(url=target.url, host=host, port=port, state="no-such-name", named=target.named)
    tried = tuple(await asyncio.gather(*(try_connect(address, port) for address in found)))
    state, detail, status = _connect_state(tried), "", None
    if state == "open":
        state, detail, status = await _first_answer(context, host, port, tried)
    listening = await _server_process_exists() if state != "open" and is_loopback(host) else None
    return Reach(
        url=target.url,
        host=host,
        port=port,
        state=state,
        tried=tried,
        http_status=status,
        detail=detail,
        named=target.named,
        process_listening=listening,
    )


def _connect_state(tried: tuple[Tried, ...]) -> str:
    states = [attempt.state for attempt in tried]
    return next((state for state in ("open", "refused", "reset", "timeout") if state in states), states[0])


async def _first_answer(
    context: Context, host: str, port: int, tried: tuple[Tried, ...]
) -> tuple[str, str, int | None]:
    """State, detail and HTTP status after the first request. The answer is kept for the identification."""
    address = next(attempt.address for attempt in tried if attempt.state == "open")
    secure = context.target.url.startswith("https:")
    try:
        answer = await context.http.get_once(first_path(port), deadline_s=FIRST_ANSWER_S)
    except TooLate as error:
        return "silent", str(error), None
    except (Unreachable, Malformed) as error:
        if secure:
            return await _tls_trouble(error, address, port)
        return await _plain_trouble(error, address, port)
    if not secure and answer.status == 400 and any(word in answer.text().lower() for word in TLS_WORDS):
        return "tls", USE_HTTPS, answer.status
    return "open", "", answer.status


async def _plain_trouble(error: Unreachable | Malformed, address: str, port: int) -> tuple[str, str, int | None]:
    """What stands behind a port that broke a plain request: TLS, another protocol, or a broken server."""
    first = await banner(address, port)
    if first and not first.startswith((b"HTTP/", *TLS_RECORDS)):
        return "open", f"{one_line(first.decode('utf-8', 'replace'), 60)!r}, which is not HTTP", None
    if first.startswith(TLS_RECORDS) or (not first and await speaks_tls(address, port)):
        return "tls", USE_HTTPS, None
    if isinstance(error, Malformed):
        return "open", str(error), None
    return (error.how if error.how in {"reset", "silent"} else "broken"), str(error), None


async def _tls_trouble(error: Unreachable | Malformed, address: str, port: int) -> tuple[str, str, int | None]:
    """Why a request over TLS failed: no TLS there, or a certificate that does not hold."""
    if isinstance(error, Malformed):
        return "open", str(error), None
    first = await banner(address, port)
    if first.startswith(b"HTTP/") and b" 400 " not in first[:40]:
        return "tls", USE_HTTP, None
    return ("tls" if error.how == "tls" else "broken"), _certificate_words(error), None


def _certificate_words(error: Unreachable) -> str:
    """What the certificate check complained about, looked for in all that caused the error."""
    cause: BaseException | None = error
    while cause is not None:
        words = getattr(cause, "verify_message", "") or ""
        if not words and "certificate verify failed" in str(cause):
            words = str(cause).partition("certificate verify failed:")[2].partition("(")[0]
        if words:
            return f"the certificate does not hold: {one_line(words, 100)}"
        cause = cause.__cause__ or cause.__context__
    return str(error)


async def _server_process_exists() -> bool:
    from doctor.collect.servers import running_servers

    return bool(await asyncio.to_thread(running_servers))


async def collect_elsewhere(context: Context) -> Elsewhere:
    """Model servers on this machine's loopback: on well-known ports and on those of known processes.

    Where the target is this machine by its network address, its own port is looked at as well: a server that
    listens on loopback only is found so. Raises `Skip` for a target on another machine.
    """
    host, port = host_and_port(context.target.url)
    if is_loopback(host):
        return await look_elsewhere(leave_out=port)
    reach = await context.fact(Reach)
    if not any(is_own(attempt.address) for attempt in reach.tried):
        raise Skip("the target is on another machine, whose other ports are not looked at")
    return await look_elsewhere(also=port)


async def look_elsewhere(*, leave_out: int | None = None, also: int | None = None) -> Elsewhere:
    """All model servers on loopback, without the one on port `leave_out`; refused ports cost nothing."""
    from doctor.collect.servers import running_servers

    servers = await asyncio.to_thread(running_servers)
    ports = dict.fromkeys(
        [*WELL_KNOWN_PORTS, *([also] if also else []), *(port for server in servers for port in server.ports)]
    )
    ports.pop(leave_out or 0, None)
    places = [(address, port) for port in ports for address in ("127.0.0.1", "::1")]
    tried = await asyncio.gather(*(try_connect(address, port, SCAN_CONNECT_S) for address, port in places))
    open_at: dict[int, str] = {}
    for attempt in tried:
        if attempt.state == "open":
            open_at.setdefault(attempt.port, attempt.address)
    found = await asyncio.gather(*(_who(address, port) for port, address in open_at.items()))
    return Elsewhere(
        found=tuple(server for server in found if server is not None),
        looked_at=tuple(f"127.0.0.1:{port}" for port in ports),
    )


async def _who(address: str, port: int) -> Found | None:
    """The model server at a loopback port, None when it is something else or does not answer at once."""
    from doctor.http import Client
    from doctor.runtimes.identify import identify

    url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    async with Client(url) as client:
        try:
            async with asyncio.timeout(WHO_S):
                who = await identify(client, first_path(port), patient=False)
        except (DoctorError, TimeoutError):
            return None
    return Found(url=url, runtime=who.runtime) if who.runtime else None


async def collect_proxy_trial(context: Context) -> ProxyTrial:
    """Ask the local target once directly and once as a program would that honours the user's proxy variables.

    Raises `Skip` for a target on another machine, where a proxy may be right, and for a proxy that cannot be tried.
    """
    from doctor.http import Client

    host, port = host_and_port(context.target.url)
    if not is_loopback(host):
        raise Skip("the target is not on this machine, so a proxy may be needed to reach it")
    _ = context.http  # a replayed run has none and stops here
    url = context.target.url
    variable, proxy = proxy_for(url)
    if not variable:
        return ProxyTrial(variable="", proxy="", direct_ok=True)
    shown = _without_credentials(proxy)
    path = first_path(port)
    async with Client(url) as direct:
        try:
            straight = await direct.get(path, deadline_s=PROXY_ANSWER_S)
        except DoctorError:
            return ProxyTrial(variable=variable, proxy=shown, direct_ok=False)
    try:
        through = Client(url, proxy=proxy)
    except UsageError as error:
        raise Skip(f"the proxy of {variable} cannot be tried ({error})") from error
    async with through:
        began = time.monotonic()
        try:
            answer = await through.get(path, deadline_s=PROXY_ANSWER_S)
        except DoctorError as error:
            detail = f"no answer through the proxy after {time.monotonic() - began:.1f} s: {error}"
            return ProxyTrial(variable=variable, proxy=shown, direct_ok=True, through_ok=False, detail=detail)
    same = answer.status == straight.status and (
        answer.body == straight.body or answer.headers.get("content-type") == straight.headers.get("content-type")
    )
    detail = "" if same else f"{straight.status} directly, {answer.status} through the proxy"
    return ProxyTrial(
        variable=variable, proxy=shown, direct_ok=True, through_ok=same, status=answer.status, detail=detail
    )


def proxy_for(url: str) -> tuple[str, str]:
    """The environment variable and proxy that Python's clients use for a URL, ("", "") when none applies."""
    parts = urlsplit(url)
    proxies = urllib.request.getproxies_environment()
    kind = next((kind for kind in (parts.scheme, "all") if proxies.get(kind)), "")
    place = parts.netloc.rpartition("@")[2]
    bypassed = urllib.request.proxy_bypass_environment(place, proxies)  # type: ignore[attr-defined]
    # urllib compares `[::1]` with its brackets; other clients take the bare address.
    listed = (parts.hostname or "") in proxies.get("no", "").replace(" ", "").split(",")
    if not kind or bypassed or listed:
        return "", ""
    proxy = proxies[kind] if "://" in proxies[kind] else f"http://{proxies[kind]}"
    name = f"{kind}_proxy"
    return (name if os.environ.get(name) else name.upper()), proxy


def _without_credentials(proxy: str) -> str:
    scheme, _, rest = proxy.partition("://")
    return one_line(f"{scheme}://{rest.rpartition('@')[2]}", 120)
