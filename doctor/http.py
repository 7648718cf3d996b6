"""The only door to the network: one origin, total deadlines, caps held while bytes arrive.

A server may be anything: silent, endless, a compression bomb, a web page. Whatever it does, a request ends within
its deadline with an `Answer`, `Unreachable`, `TooLate`, `Refused` or `Malformed`, and memory stays bounded.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx2
import msgspec

from doctor.errors import Malformed, Refused, TooLate, Unreachable, UsageError
from doctor.text import one_line
from doctor.transport import HOW, MAX_STREAM_BYTES, OPENAI_DEADLINE_S, BoundedTransport, how_it_broke

MIB = 1 << 20
MAX_BODY_BYTES = 8 * MIB
MAX_LINE_BYTES = MIB
# 8 MiB of `[[],[],` would become 150 MB of lists; 50,000 models with their details are 150,000 containers.
MAX_JSON_CONTAINERS = 250_000
MAX_REFUSAL_BYTES = 64 << 10
# h11's complaint about a first line that is no status line quotes it.
BANNER = re.compile(r"illegal status line: bytearray\(b(['\"])(.*)\1\)", re.DOTALL)
# The connection must stand before the whole deadline is used up, so that "no connection" and "no answer" differ.
CONNECT_SHARE = 0.9


class Answer(msgspec.Struct, frozen=True):
    """What a server answered; header names are in lower case. `truncated`: the body was cut at the cap."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float
    truncated: bool = False

    def json(self) -> Any:  # noqa: ANN401 - untrusted JSON has any shape
        """The decoded body. Raises `Malformed` when it is not JSON, too deep or too large, or holds NaN."""
        if self.truncated:
            raise Malformed(f"the answer is larger than {len(self.body) >> 20} MiB")
        return decode_json(self.body)

    def text(self) -> str:
        """The body as text, undecodable bytes replaced."""
        return self.body.decode("utf-8", "replace")


def decode_json(body: bytes) -> Any:  # noqa: ANN401 - untrusted JSON has any shape
    """JSON from an untrusted source, bounded in depth and count. Raises `Malformed`."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if body.count(b"[") + body.count(b"{") > MAX_JSON_CONTAINERS:
        raise Malformed("the answer holds more lists and objects than any real one")
    try:
        return msgspec.json.decode(body)
    except RecursionError as error:
        raise Malformed("the answer is nested too deeply") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        start = one_line(body[:60].decode("utf-8", "replace"), 60)
        raise Malformed(f"the answer is not JSON ({'it is empty' if not body else f'it begins: {start}'})") from error


class Client:
    """Requests to one origin, `scheme://host:port`, with the user's key and no other credentials.

    `prefix` is a path under which the server lives behind a reverse proxy, "" for nearly all; identification sets it.
    Raises `UsageError` for a URL or key that cannot be used.
    """

    def __init__(self, base_url: str, *, api_key: str = "", proxy: str | None = None) -> None:
        self.base_url = origin_of(base_url)
        self.prefix = ""
        self._remembered: dict[str, Answer] = {}
        self._headers = {"accept": "application/json, */*", "user-agent": "llm-doctor"}
        if api_key:
            if not (api_key.isascii() and api_key.isprintable()):
                raise UsageError("the API key holds characters that cannot be sent in a header")
            self._headers["authorization"] = f"Bearer {api_key}"
        self._transport = BoundedTransport(self.base_url, proxy)
        self._http = self._new_client(self._headers)

    def _new_client(self, headers: Mapping[str, str]) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(
            transport=self._transport, headers=dict(headers), timeout=None, follow_redirects=False, trust_env=False
        )

    async def get(
        self,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        deadline_s: float = 5.0,
        max_bytes: int = MAX_BODY_BYTES,
    ) -> Answer:
        """GET a path. Any status is an answer. Raises `Unreachable`, `TooLate`, `Malformed`."""
        return await self._ask("GET", path, None, headers, deadline_s, max_bytes)

    async def get_once(self, path: str, *, deadline_s: float = 5.0, max_bytes: int = MAX_REFUSAL_BYTES) -> Answer:
        """As `get`, for what stays the same during a run: the answer of the first call serves the later ones."""
        key = self.prefix + path
        if key not in self._remembered:
            self._remembered[key] = await self.get(path, deadline_s=deadline_s, max_bytes=max_bytes)
        return self._remembered[key]

    async def post(
        self, path: str, body: object, *, deadline_s: float = 30.0, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """POST a JSON body. Any status is an answer. Raises `Unreachable`, `TooLate`, `Malformed`."""
        return await self._ask("POST", path, body, headers, deadline_s, MAX_BODY_BYTES)

    async def send(self, method: str, path: str, body: object = None, *, deadline_s: float = 30.0) -> Answer:
        """A request of any method, with a JSON body or none. Raises as `post`."""
        return await self._ask(method, path, body, None, deadline_s, MAX_BODY_BYTES)

    async def lines(
        self, path: str, body: object, *, deadline_s: float, max_bytes: int = MAX_STREAM_BYTES
    ) -> AsyncIterator[bytes]:
        """Lines of a streamed answer (NDJSON, event stream) without their ends, empty ones left out.

        Raises `Refused` for a status of 400 and above, `Malformed` for a line over 1 MiB or a stream over `max_bytes`,
        `Unreachable` and `TooLate`.
        """
        ends_at = asyncio.get_running_loop().time() + deadline_s
        request = self._request("POST", path, body, None, deadline_s)
        request.extensions["max_bytes"] = max_bytes
        with _plain_errors(self.base_url, deadline_s):
            async with asyncio.timeout_at(ends_at):
                response = await self._http.send(request, stream=True)
        try:
            if response.status_code >= 400:
                raise await self._refusal(response, ends_at, deadline_s)
            rest = b""
            chunks = response.aiter_raw()
            while True:
                with _plain_errors(self.base_url, deadline_s):
                    async with asyncio.timeout_at(ends_at):
                        chunk = await anext(chunks, None)
                if chunk is None:
                    break
                *whole, rest = (rest + chunk).split(b"\n")
                for line in whole:
                    if line.strip():
                        yield _bounded_line(line.rstrip(b"\r"))
                _bounded_line(rest)
            if rest.strip():
                yield rest.rstrip(b"\r")
        finally:
            await _close_quietly(response)

    async def _refusal(self, response: httpx2.Response, ends_at: float, deadline_s: float) -> Refused:
        with _plain_errors(self.base_url, deadline_s):
            async with asyncio.timeout_at(ends_at):
                body, _ = await _read(response, MAX_REFUSAL_BYTES)
        text = body.decode("utf-8", "replace")
        return Refused(f"the server answered {response.status_code}: {one_line(text)}", response.status_code, text)

    def for_openai(self, deadline_s: float = OPENAI_DEADLINE_S) -> httpx2.AsyncClient:
        """A client to hand to the openai SDK: same origin, caps and refusal of redirects and proxies.

        `deadline_s` bounds each request as a whole. Closing it closes the connections of this client too.
        """
        client = self._new_client({"user-agent": "llm-doctor"})
        client.event_hooks = {"request": [_set_deadline(deadline_s)]}
        return client

    async def close(self) -> None:
        """Close all connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    def _request(
        self, method: str, path: str, body: object, headers: Mapping[str, str] | None, deadline_s: float
    ) -> httpx2.Request:
        if not path.startswith("/"):
            raise UsageError(f"a path begins with a slash, this one does not: {one_line(path, 60)}")
        content = None if body is None else msgspec.json.encode(body)
        sent = dict(headers or {})
        if content is not None:
            sent["content-type"] = "application/json"
        request = self._http.build_request(method, self.base_url + self.prefix + path, content=content, headers=sent)
        request.extensions["ends_at"] = asyncio.get_running_loop().time() + deadline_s
        request.extensions["timeout"] = {"connect": deadline_s * CONNECT_SHARE}
        return request

    async def _ask(
        self,
        method: str,
        path: str,
        body: object,
        headers: Mapping[str, str] | None,
        deadline_s: float,
        max_bytes: int,
    ) -> Answer:
        loop = asyncio.get_running_loop()
        began = loop.time()
        request = self._request(method, path, body, headers, deadline_s)
        with _plain_errors(self.base_url, deadline_s):
            async with asyncio.timeout(deadline_s):
                response = await self._http.send(request, stream=True)
                try:
                    content, truncated = await _read(response, max_bytes)
                finally:
                    await _close_quietly(response)
        return Answer(response.status_code, dict(response.headers.items()), content, loop.time() - began, truncated)


def origin_of(url: str) -> str:
    """`scheme://host:port` of a URL, brackets kept. Raises `UsageError`."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise UsageError(f"{one_line(url, 80)} is not an address: {error}") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"{one_line(url, 80)} is not an http or https address")
    if parts.username is not None or parts.password is not None:
        raise UsageError("an address with a user name or password in it is not used; give the key with --api-key-file")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}:{port or (443 if parts.scheme == 'https' else 80)}"


async def _read(response: httpx2.Response, max_bytes: int) -> tuple[bytes, bool]:
    """The body up to `max_bytes`, and whether there was more."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) > max_bytes:
            return bytes(content[:max_bytes]), True
    return bytes(content), False


def _bounded_line(line: bytes) -> bytes:
    if len(line) > MAX_LINE_BYTES:
        raise Malformed("a line of the streamed answer is longer than 1 MiB")
    return line


async def _close_quietly(response: httpx2.Response) -> None:
    # What breaks while a connection is thrown away changes nothing about the answer.
    with contextlib.suppress(httpx2.HTTPError, OSError):
        await response.aclose()


def _set_deadline(deadline_s: float) -> Any:  # noqa: ANN401 - httpx2 types its hooks loosely
    async def hook(request: httpx2.Request) -> None:
        request.extensions["ends_at"] = asyncio.get_running_loop().time() + deadline_s

    return hook


@contextlib.contextmanager
def _plain_errors(url: str, deadline_s: float) -> Iterator[None]:
    """Foreign exceptions become ours, each with a sentence."""
    try:
        yield
    except httpx2.ConnectTimeout as error:
        raise Unreachable(f"no connection to {url} within {deadline_s:g} s", "timeout") from error
    except (TimeoutError, httpx2.TimeoutException) as error:
        raise TooLate(f"no complete answer from {url} within {deadline_s:g} s") from error
    except httpx2.RemoteProtocolError as error:
        if "disconnected" in str(error) or "closed connection" in str(error):
            raise Unreachable(f"{url} closed the connection before the answer was complete", "reset") from error
        raise Malformed(f"{url} {_not_http(str(error))}") from error
    except (httpx2.DecodingError, httpx2.InvalidURL, httpx2.UnsupportedProtocol, httpx2.LocalProtocolError) as error:
        raise Malformed(f"{url}: {one_line(str(error), 100)}") from error
    except httpx2.ProxyError as error:
        raise Unreachable(f"the proxy refused: {one_line(str(error), 100)}", "broken") from error
    except (httpx2.TransportError, httpx2.StreamError, OSError, UnicodeError) as error:
        how = how_it_broke(error)
        raise Unreachable(f"{url}: {HOW[how]}", how) from error


def _not_http(complaint: str) -> str:
    banner = BANNER.search(complaint)
    if banner:
        return f"answers {one_line(banner[2], 60)!r}, which is not HTTP"
    return f"does not answer in proper HTTP ({one_line(complaint, 80)})"
