"""HTTP/1.1 for the ward's own servers: requests in, JSON or streams out, keep-alive, loopback only.

Just enough of the protocol for well-behaved clients; broken transports are the business of `fault_server`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from http import HTTPStatus

import msgspec

MAX_HEAD_BYTES = 64 << 10
MAX_BODY_BYTES = 32 << 20


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asked; header names in lower case, the path without its query."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What goes back; a `stream` is sent in chunks as they come, instead of `body`."""

    status: int = 200
    headers: Mapping[str, str] = {}
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = None


Handler = Callable[[Request], Awaitable[Reply]]


def json_reply(content: object, status: int = 200) -> Reply:
    """A JSON body."""
    headers = {"content-type": "application/json; charset=utf-8"}
    return Reply(status=status, headers=headers, body=msgspec.json.encode(content))


def text_reply(text: str, kind: str = "text/plain; charset=utf-8", status: int = 200) -> Reply:
    """A text body."""
    return Reply(status=status, headers={"content-type": kind}, body=text.encode())


@contextlib.asynccontextmanager
async def listening(handler: Handler, port: int = 0) -> AsyncIterator[str]:
    """Serve on loopback for the time of the block; yields the base URL. Open connections are cut at the end."""
    connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - for the type checker: a coroutine runs in a task
        connections.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await _converse(handler, reader, writer)
        except asyncio.CancelledError:
            pass  # the ward closes; asyncio would log the cancellation of a connection as an error
        finally:
            connections.discard(task)
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", port, limit=MAX_HEAD_BYTES)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for task in tuple(connections):
            task.cancel()
        await asyncio.gather(*connections, return_exceptions=True)


async def _converse(handler: Handler, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        words = first.split(" ")
        if len(words) != 3:
            return
        parted = (line.partition(":") for line in lines if line)
        headers = {name.strip().lower(): text.strip() for name, _, text in parted}
        length = int(headers.get("content-length", "0"))
        if length > MAX_BODY_BYTES:
            return
        body = await reader.readexactly(length)
        request = Request(method=words[0], path=words[1].partition("?")[0], headers=headers, body=body)
        await _send(writer, await handler(request), bare=words[0] == "HEAD")


async def _send(writer: asyncio.StreamWriter, reply: Reply, *, bare: bool) -> None:
    headers = dict(reply.headers)
    if reply.stream is None:
        headers["content-length"] = str(len(reply.body))
    else:
        headers["transfer-encoding"] = "chunked"
    head = f"HTTP/1.1 {reply.status} {HTTPStatus(reply.status).phrase}\r\n"
    head += "".join(f"{name}: {text}\r\n" for name, text in headers.items()) + "\r\n"
    writer.write(head.encode("latin-1"))
    if reply.stream is None:
        writer.write(b"" if bare else reply.body)
    else:
        await _send_stream(writer, reply.stream)
    await writer.drain()


async def _send_stream(writer: asyncio.StreamWriter, stream: AsyncIterator[bytes]) -> None:
    try:
        async for chunk in stream:
            writer.write(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n")
            await writer.drain()
        writer.write(b"0\r\n\r\n")
    finally:
        close = getattr(stream, "aclose", None)
        if close is not None:  # a client that hangs up must stop the generation behind the stream
            await close()
