"""What every request passes through: one origin, caps on headers and bodies, a deadline for the whole exchange.

Raises the HTTP library's own errors, so that the openai SDK understands them as well; `doctor.http` gives them words.
"""

import asyncio
import contextlib
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx2

from doctor.context import current_tally
from doctor.errors import UsageError
from doctor.text import one_line

MAX_HEADER_BYTES = 64 << 10
MAX_STREAM_BYTES = 10 << 20
INFLATE_STEP_BYTES = 64 << 10
# A chat request of the openai client that nobody limits otherwise.
OPENAI_DEADLINE_S = 300.0
# llama.cpp answers with few threads, and an idle connection holds one for 5 s: none is kept, and few are opened.
MAX_CONNECTIONS = 4


class BoundedTransport(httpx2.AsyncBaseTransport):
    """One origin, no automatic decompression, caps and a deadline on every body, each request counted."""

    def __init__(self, origin: str, proxy: str | None) -> None:
        self._origin = httpx2.URL(origin)
        try:
            # Reading the certificate store takes 20 ms, and plain http has no use for it.
            self._inner = httpx2.AsyncHTTPTransport(
                verify=self._origin.scheme == "https" or (proxy or "").startswith("https"),
                trust_env=False,
                proxy=proxy,
                limits=httpx2.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=0),
            )
        except (ValueError, ImportError, httpx2.InvalidURL) as error:
            raise UsageError(f"the proxy address cannot be used: {one_line(str(error))}") from error

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send one request. Raises the library's own errors, which the openai SDK understands."""
        url = request.url
        same_port = (url.port or _port(url.scheme)) == (self._origin.port or _port(self._origin.scheme))
        if (url.scheme, url.host) != (self._origin.scheme, self._origin.host) or not same_port:
            raise httpx2.UnsupportedProtocol(f"{url.host} is not the server under examination")
        request.headers["accept-encoding"] = "identity"
        tally = current_tally.get()
        if tally is not None:
            tally.requests += 1
        ends_at = request.extensions.get("ends_at", asyncio.get_running_loop().time() + OPENAI_DEADLINE_S)
        with _deadline_as_timeout():
            async with asyncio.timeout_at(ends_at):
                response = await self._inner.handle_async_request(request)
        if sum(len(name) + len(value) for name, value in response.headers.raw) > MAX_HEADER_BYTES:
            await response.aclose()
            raise httpx2.RemoteProtocolError("headers larger than 64 KiB")
        return self._bounded(response, ends_at, request.extensions.get("max_bytes", MAX_STREAM_BYTES))

    def _bounded(self, response: httpx2.Response, ends_at: float, max_bytes: int) -> httpx2.Response:
        encoding = response.headers.get("content-encoding", "identity").strip().lower()
        headers = [
            pair for pair in response.headers.raw if pair[0].lower() not in {b"content-encoding", b"content-length"}
        ]
        stream = _BoundedStream(response, encoding, ends_at, max_bytes)
        return httpx2.Response(response.status_code, headers=headers, stream=stream, extensions=response.extensions)

    async def aclose(self) -> None:
        """Close all connections."""
        await self._inner.aclose()


class _BoundedStream(httpx2.AsyncByteStream):
    """A body of bounded size after decompression, that ends before the deadline."""

    def __init__(self, response: httpx2.Response, encoding: str, ends_at: float, max_bytes: int) -> None:
        self._response = response
        self._encoding = encoding
        self._ends_at = ends_at
        self._max_bytes = max_bytes

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = self._max_bytes
        inflate = _inflater(self._encoding)
        chunks = self._response.stream.__aiter__()  # type: ignore[union-attr]
        while True:
            with _deadline_as_timeout():
                async with asyncio.timeout_at(self._ends_at):
                    chunk = await anext(chunks, None)
            if chunk is None:
                return
            for part in [chunk] if inflate is None else _inflated(inflate, chunk):
                left -= len(part)
                if left < 0:
                    raise httpx2.DecodingError(f"the answer is larger than {self._max_bytes >> 20} MiB")
                yield part

    async def aclose(self) -> None:
        await self._response.aclose()


def _inflater(encoding: str) -> Any:  # noqa: ANN401 - zlib's object has no public type
    if encoding in {"", "identity"}:
        return None
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise httpx2.DecodingError(f"the answer is encoded as {one_line(encoding, 40)}, which nobody asked for")
    return zlib.decompressobj(wbits=47)  # 32 + 15: gzip or zlib, told by the header


def _inflated(inflate: Any, chunk: bytes) -> Iterator[bytes]:  # noqa: ANN401
    """Decompressed pieces of one chunk, each of bounded size."""
    try:
        while chunk and not inflate.eof:
            yield inflate.decompress(chunk, INFLATE_STEP_BYTES)
            chunk = inflate.unconsumed_tail
    except zlib.error as error:
        raise httpx2.DecodingError("the answer says that it is compressed, but it is not") from error


def _port(scheme: str) -> int:
    return 443 if scheme == "https" else 80


@contextlib.contextmanager
def _deadline_as_timeout() -> Iterator[None]:
    # Only the builtin: the library has its own classes for connect, read and write.
    try:
        yield
    except TimeoutError as error:
        raise httpx2.ReadTimeout("deadline passed") from error


HOW = {
    "refused": "the connection was refused",
    "no-such-name": "the host name does not resolve",
    "timeout": "no connection could be made in time",
    "reset": "the connection was reset",
    "tls": "the encrypted connection could not be set up",
    "broken": "the connection broke",
}


def how_it_broke(error: BaseException) -> str:
    """The state of `facts.server.Tried` that fits an exception, looked for in it and all that caused it."""
    kinds: tuple[tuple[type[BaseException], str], ...] = (
        (socket.gaierror, "no-such-name"),
        (UnicodeError, "no-such-name"),
        (ssl.SSLError, "tls"),
        (ConnectionRefusedError, "refused"),
        (ConnectionResetError, "reset"),
        (BrokenPipeError, "reset"),
        (TimeoutError, "timeout"),
    )
    causes = list(_causes(error))
    for kind, how in kinds:
        if any(isinstance(cause, kind) for cause in causes):
            return how
    return "reset" if isinstance(error, httpx2.ReadError | httpx2.WriteError) else "broken"


def _causes(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException] = [error]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        yield current
        if isinstance(current, BaseExceptionGroup):
            waiting.extend(current.exceptions)
        waiting.extend(cause for cause in (current.__cause__, current.__context__) if cause is not None)
