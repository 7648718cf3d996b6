"""A server that misbehaves by name: silence, resets, endless bodies, wrong lengths, foreign banners, TLS.

    python -m doctor.ward.fault_server silence 8080        # ends by itself after two minutes

Raw sockets, no HTTP library: a library would refuse to be this wrong. It listens on loopback only.
"""

import asyncio
import contextlib
import gzip
import socket
import ssl
import struct
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import msgspec

from doctor.errors import WardError

Reader = asyncio.StreamReader
Writer = asyncio.StreamWriter
Fault = Callable[[Reader, Writer], Awaitable[None]]

LIFETIME_S = 120.0
MAX_REQUEST_BYTES = 1 << 20
SLOW_BYTE_S = 1.0
TLS_ALERT = b"\x15\x03\x03\x00\x02\x02\x28"  # fatal, handshake failure
FLOOD = b"x" * 65536
REASONS = {200: "OK", 301: "Moved Permanently", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found"}
JSON = "application/json"
HTML = "text/html; charset=utf-8"
PAGE = b"<!doctype html><html><head><title>Router login</title></head><body><h1>Welcome</h1></body></html>"
MODELS = b'{"object":"list","data":[{"id":"patient","object":"model","owned_by":"ward"}]}'


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """A fault server that listens: its URL, host and port."""

    url: str
    host: str
    port: int


def http(status: int, body: bytes, kind: str = JSON, headers: Mapping[str, str] | None = None) -> bytes:
    """A proper HTTP/1.1 answer as bytes, to be spoilt by the caller."""
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}", f"Content-Type: {kind}"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if "Content-Length" not in (headers or {}):
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join([*lines, "Connection: close", "", ""]).encode() + body


def answering(answer: bytes) -> Fault:
    """Reads the request's head, then sends these bytes and closes."""

    async def fault(reader: Reader, writer: Writer) -> None:
        await _read_head(reader)
        writer.write(answer)
        await writer.drain()

    return fault


def greeting(banner: bytes) -> Fault:
    """Sends bytes without waiting for a request, as SSH does, and stays."""

    async def fault(reader: Reader, writer: Writer) -> None:
        writer.write(banner)
        await writer.drain()
        await reader.read(MAX_REQUEST_BYTES)

    return fault


def routed(routes: Mapping[str, bytes], otherwise: bytes) -> Fault:
    """Answers by path; the query is ignored."""

    async def fault(reader: Reader, writer: Writer) -> None:
        head = await _read_head(reader)
        path = [*head.split(b" ", 2), b"", b""][1].decode("latin-1").partition("?")[0]
        writer.write(routes.get(path, otherwise))
        await writer.drain()

    return fault


def dripping(start: bytes, piece: bytes, pause_s: float) -> Fault:
    """Sends a beginning, then one piece after the other, for ever."""

    async def fault(reader: Reader, writer: Writer) -> None:
        await _read_head(reader)
        writer.write(start)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(pause_s)

    return fault


async def silence(reader: Reader, writer: Writer) -> None:
    """Accepts and never says a word."""
    while await reader.read(MAX_REQUEST_BYTES):
        pass


async def tls_alert(reader: Reader, writer: Writer) -> None:
    """Answers anything with the alert by which a TLS server refuses a greeting."""
    await reader.read(MAX_REQUEST_BYTES)
    writer.write(TLS_ALERT)
    await writer.drain()


async def reset(reader: Reader, writer: Writer) -> None:
    """Resets the connection right after the request."""
    await _read_head(reader)
    _reset(writer)


async def reset_in_body(reader: Reader, writer: Writer) -> None:
    """Resets the connection in the middle of a body."""
    await _read_head(reader)
    writer.write(http(200, MODELS)[:-20])
    await writer.drain()
    _reset(writer)


def _reset(writer: Writer) -> None:
    sock = writer.get_extra_info("socket")
    # Lingering for zero seconds makes the close a reset instead of a goodbye.
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _read_head(reader: Reader) -> bytes:
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
        return b""


def _gzip_bomb(size_bytes: int = 64 << 20) -> bytes:
    return gzip.compress(b"\0" * size_bytes, 6)


LOADING = b'{"error":{"message":"Loading model","type":"unavailable_error","code":503}}'
LLAMA = {"Server": "llama.cpp"}
CHUNKED = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"

FAULTS: dict[str, Callable[[], Fault]] = {
    "silence": lambda: silence,
    "reset": lambda: reset,
    "reset-in-body": lambda: reset_in_body,
    "tls": lambda: tls_alert,
    "close-at-once": lambda: answering(b""),
    "slow-headers": lambda: dripping(b"", b"H", SLOW_BYTE_S),
    "slow-body": lambda: dripping(HEAD + b"Content-Length: 1000\r\n\r\n{", b" ", SLOW_BYTE_S),
    "endless-headers": lambda: dripping(HEAD, b"X-Filler: " + b"x" * 1000 + b"\r\n", 0),
    "endless-body": lambda: dripping(HEAD + b"Connection: close\r\n\r\n[", FLOOD, 0),
    "endless-chunks": lambda: dripping(CHUNKED, b"10000\r\n" + FLOOD + b"\r\n", 0),
    "endless-line": lambda: dripping(HEAD + b"\r\ndata: ", FLOOD, 0),
    "endless-100-continue": lambda: dripping(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0),
    "huge-header": lambda: answering(http(200, MODELS, headers={"X-Huge": "x" * 80_000})),
    "many-headers": lambda: answering(http(200, MODELS, headers={f"X-{n}": "y" for n in range(10_000)})),
    "html": lambda: answering(http(200, PAGE, HTML)),
    "html-as-json": lambda: answering(http(200, PAGE)),
    "empty": lambda: answering(http(200, b"")),
    "truncated-json": lambda: answering(http(200, MODELS[:-12])),
    "deep-json": lambda: answering(http(200, b"[" * 200_000)),
    "nan-json": lambda: answering(http(200, b'{"data":[NaN,Infinity,1e999]}')),
    "utf16-json": lambda: answering(http(200, MODELS.decode().encode("utf-16"))),
    "gzip": lambda: answering(http(200, gzip.compress(MODELS), headers={"Content-Encoding": "gzip"})),
    "gzip-bomb": lambda: answering(http(200, _gzip_bomb(), headers={"Content-Encoding": "gzip"})),
    "gzip-lie": lambda: answering(http(200, MODELS, headers={"Content-Encoding": "gzip"})),
    "double-gzip": lambda: answering(
        http(200, gzip.compress(gzip.compress(MODELS)), headers={"Content-Encoding": "gzip, gzip"})
    ),
    "unknown-encoding": lambda: answering(http(200, MODELS, headers={"Content-Encoding": "rot13"})),
    "redirect-loop": lambda: answering(http(301, b"", headers={"Location": "/"})),
    "redirect-away": lambda: answering(http(301, b"", headers={"Location": "http://169.254.169.254/latest/"})),
    "bad-chunks": lambda: answering(CHUNKED + b"zz\r\nnot a size\r\n"),
    "length-too-long": lambda: answering(http(200, MODELS, headers={"Content-Length": "100000"})),
    "length-too-short": lambda: answering(http(200, MODELS, headers={"Content-Length": "20"})),
    "length-negative": lambda: answering(http(200, MODELS, headers={"Content-Length": "-5"})),
    "length-twice": lambda: answering(http(200, MODELS, headers={"Content-Length": "5\r\nContent-Length: 9"})),
    "status-999": lambda: answering(http(999, b"{}")),
    "status-word": lambda: answering(b"HTTP/1.1 FINE Fine\r\nContent-Length: 2\r\n\r\n{}"),
    "no-status-line": lambda: answering(b"<html>hello from HTTP/0.9</html>"),
    "ssh": lambda: greeting(b"SSH-2.0-OpenSSH_9.6p1 Ubuntu-3ubuntu13\r\n"),
    "redis": lambda: answering(b"-ERR wrong number of arguments for 'get' command\r\n"),
    "escape-banner": lambda: greeting(b"\x1b]0;owned\x07\x1b[2J220 ftp ready\r\n"),
    "unauthorized": lambda: answering(http(401, b'{"error":"Unauthorized"}')),
    "forbidden": lambda: answering(http(403, b'{"error":"Forbidden"}')),
    "forbidden-empty": lambda: answering(http(403, b"")),
    "not-found": lambda: answering(http(404, b'{"detail":"Not Found"}')),
    "teapot": lambda: answering(http(418, b"short and stout", "text/plain")),
    "too-many": lambda: answering(http(429, b'{"error":"slow down"}', headers={"Retry-After": "999999999"})),
    "error-page": lambda: answering(http(500, b"<html><h1>Internal Server Error</h1></html>", HTML)),
    "bad-gateway": lambda: answering(http(502, b"<html><h1>502 Bad Gateway</h1></html>", HTML)),
    "loading": lambda: answering(http(503, LOADING, headers=LLAMA)),
    "busy": lambda: answering(
        http(503, b'{"error":"server busy, please try again. maximum pending requests exceeded"}')
    ),
    "key-required": lambda: answering(
        http(401, b'{"error":{"message":"Invalid API Key","type":"authentication_error","code":401}}', headers=LLAMA)
    ),
    "openai": lambda: routed({"/v1/models": http(200, MODELS)}, http(404, b'{"detail":"Not Found"}')),
    "clock-off": lambda: answering(http(200, PAGE, HTML, {"Date": "Thu, 01 Jan 1970 00:00:00 GMT"})),
}


def fault(name: str) -> Fault:
    """The behaviour of this name. Raises WardError with the names there are."""
    if name not in FAULTS:
        raise WardError(f"there is no fault {name!r}; known are {', '.join(FAULTS)}")
    return FAULTS[name]()


@contextlib.asynccontextmanager
async def serving(
    behaviour: str | Fault, *, port: int = 0, host: str = "127.0.0.1", certificate: ssl.SSLContext | None = None
) -> AsyncIterator[Running]:
    """A fault server on a free loopback port for the time of a `with` block."""
    chosen = fault(behaviour) if isinstance(behaviour, str) else behaviour
    talks: set[asyncio.Task[None]] = set()

    async def talk(reader: Reader, writer: Writer) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: asyncio runs this as a task
        talks.add(task)
        try:
            await chosen(reader, writer)
        except (OSError, asyncio.CancelledError):
            pass  # the client has gone, or the server ends
        finally:
            talks.discard(task)
            writer.close()

    server = await asyncio.start_server(talk, host, port, ssl=certificate, limit=MAX_REQUEST_BYTES)
    bound = server.sockets[0].getsockname()[1]
    scheme = "https" if certificate else "http"
    shown = f"[{host}]" if ":" in host else host
    try:
        yield Running(url=f"{scheme}://{shown}:{bound}", host=host, port=bound)
    finally:
        server.close()
        for task in list(talks):
            task.cancel()
        await asyncio.gather(*talks, return_exceptions=True)


async def _main(name: str, port: int, lifetime_s: float) -> None:
    async with serving(name, port=port) as running:
        sys.stdout.write(running.url + "\n")
        sys.stdout.flush()
        await asyncio.sleep(lifetime_s)


if __name__ == "__main__":
    words = [*sys.argv[1:], *("silence", "0", str(LIFETIME_S))[len(sys.argv) - 1 :]]
    asyncio.run(_main(words[0], int(words[1]), float(words[2])))
