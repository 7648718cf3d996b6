"""Which servers to examine when the user named none: environment variables, known processes, well-known ports.

Only this machine is searched. A host from a variable counts as named by the user; a cloud service does not count.
"""

import contextlib
import ipaddress
from collections.abc import Iterator, Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from doctor.address import is_loopback
from doctor.context import Target
from doctor.errors import UsageError
from doctor.text import one_line

OLLAMA_PORT = 11434
LLAMA_PORT = 8080
MAX_URL_CHARACTERS = 2000
# Base addresses in variables of common clients: OpenAI's SDKs, LiteLLM, Open WebUI. The key's variable, if any.
BASE_VARIABLES: Mapping[str, str] = {
    "OPENAI_BASE_URL": "OPENAI_API_KEY",
    "OPENAI_API_BASE": "OPENAI_API_KEY",
    "OLLAMA_BASE_URL": "",
    "OLLAMA_API_BASE": "",
    "LM_STUDIO_API_BASE": "LM_STUDIO_API_KEY",
}
# Ends of names that are served inside a home or company network; any other name with a dot may be a cloud service.
LOCAL_ENDINGS = (".local", ".lan", ".home", ".internal", ".intranet", ".home.arpa", ".localhost", ".ts.net")
ANY_ADDRESS = frozenset({"", "0.0.0.0", "::", "*"})  # noqa: S104 - what a server binds to, never what we bind to


class Place(NamedTuple):
    """A parsed address."""

    scheme: str
    host: str
    port: int | None
    path: str

    def url(self) -> str:
        """The address as one string."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = f":{self.port}" if self.port is not None else ""
        return f"{self.scheme}://{host}{port}{self.path}"


def parse_target(text: str, *, origin: str, model: str = "", api_key: str = "") -> Target:
    """A target from what a person wrote: `localhost:8080`, `http://host/v1`, `[::1]:1234`, `:8080`, `8080`.

    Raises `UsageError` with a sentence for anything else, among it an address that holds a password.
    """
    place = _parsed(text, origin)
    return Target(url=place.url(), named=True, origin=origin, model=model, api_key=api_key)


def _parsed(text: str, origin: str) -> Place:
    text = text.strip().strip("\"'")
    shown = one_line(text, 80)
    if not text or len(text) > MAX_URL_CHARACTERS or not text.isprintable() or " " in text:
        raise UsageError(f"{origin}: {shown!r} is not an address; write it as http://127.0.0.1:11434")
    if text.isdecimal():
        text = f"127.0.0.1:{text}"
    if "://" not in text:
        text = f"http://{_bracketed(text)}"
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port
    except ValueError as error:
        raise UsageError(f"{origin}: {shown!r} is not an address ({error})") from error
    if parts.scheme not in {"http", "https"}:
        raise UsageError(f"{origin}: {parts.scheme}:// is not an address of a model server; http:// and https:// are")
    if "@" in parts.netloc:
        raise UsageError(f"{origin}: an address must not hold a name or password; give a key with --api-key-file")
    if not host and not parts.netloc.startswith(":"):
        raise UsageError(f"{origin}: {shown!r} names no host")
    path = parts.path.rstrip("/")
    return Place(parts.scheme, "127.0.0.1" if host in ANY_ADDRESS else host, port, path)


def _bracketed(text: str) -> str:
    """A bare IPv6 address gets the brackets that a URL needs."""
    with contextlib.suppress(ValueError):
        return f"[{ipaddress.IPv6Address(text)}]"
    return text


def ollama_host(value: str) -> str:
    """The URL that OLLAMA_HOST stands for, by Ollama's own rules (envconfig.Host, read at v0.32.15).

    Without a scheme the port is 11434, with `http://` 80 and with `https://` 443; a port that is none is replaced by
    the default. An address to listen on everywhere is reached by loopback.
    """
    text = value.strip().strip("\"'")
    scheme, separator, rest = text.partition("://")
    if not separator:
        scheme, rest = "http", text
    default = {"http": 80, "https": 443}.get(scheme, OLLAMA_PORT) if separator else OLLAMA_PORT
    place, _, path = rest.partition("/")
    host, port = _split_port(place)
    number = int(port) if port.isdecimal() and int(port) < 65536 else default
    host = "127.0.0.1" if host in ANY_ADDRESS else host
    return Place(scheme, host, number, f"/{path}".rstrip("/")).url()


def _split_port(place: str) -> tuple[str, str]:
    """Host and port of `host:port`, `[v6]:port`, `host`, `v6`; no port is ""."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(place.strip("[]"))), ""
    if place.startswith("["):
        host, _, port = place[1:].partition("]")
        return host, port.removeprefix(":")
    host, _, port = place.partition(":")
    return host, port


def from_environment(environment: Mapping[str, str]) -> tuple[Target, ...]:
    """Targets that environment variables name, without those of cloud services and values that are no address."""
    found: list[Target] = []
    for origin, url, key in _variables(environment):
        with contextlib.suppress(UsageError):
            target = parse_target(url, origin=origin, api_key=key)
            if is_local(urlsplit(target.url).hostname or ""):
                found.append(target)
    return tuple(found)


def _variables(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Variable, URL and key for each server that the environment names."""
    if environment.get("OLLAMA_HOST", "").strip():
        yield "OLLAMA_HOST", ollama_host(environment["OLLAMA_HOST"]), ""
    for variable, key in BASE_VARIABLES.items():
        if environment.get(variable, "").strip():
            yield variable, environment[variable], environment.get(key, "") if key else ""
    host, port = environment.get("LLAMA_ARG_HOST", "").strip(), environment.get("LLAMA_ARG_PORT", "").strip()
    if (host or port) and not host.endswith(".sock"):
        variable = "LLAMA_ARG_PORT" if port else "LLAMA_ARG_HOST"
        place = Place("http", "127.0.0.1" if host in ANY_ADDRESS else host, None, "").url()
        yield variable, f"{place}:{port or LLAMA_PORT}", environment.get("LLAMA_API_KEY", "")


def is_local(host: str) -> bool:
    """Whether a host is on this machine or in a private network, by its address or the form of its name."""
    host = host.lower().rstrip(".")
    with contextlib.suppress(ValueError):
        address = ipaddress.ip_address(host)
        return address.is_loopback or address.is_private or address.is_link_local
    return "." not in host or host.endswith(LOCAL_ENDINGS)


async def discover(environment: Mapping[str, str]) -> tuple[Target, ...]:
    """Servers to examine: those that the environment names, up or down, then the model servers found on loopback."""
    from doctor.collect.reach import look_elsewhere

    targets: dict[tuple[str, int], Target] = {}
    for target in from_environment(environment):
        targets.setdefault(_place(target.url), target)
    for server in (await look_elsewhere()).found:
        port = urlsplit(server.url).port
        targets.setdefault(_place(server.url), Target(url=server.url, named=False, origin=f"port {port}"))
    return tuple(targets.values())


def _place(url: str) -> tuple[str, int]:
    """What makes two addresses the same server: every name of this machine counts as one."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    return "localhost" if is_loopback(host) else host, parts.port or (443 if parts.scheme == "https" else 80)
