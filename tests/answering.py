"""A real HTTP server on loopback that answers from a table, and a context that asks it: for adapters' tests."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import msgspec

from doctor.collect import target_collectors
from doctor.context import Collector, Context, Target
from doctor.errors import Skip
from doctor.facts import Fact, Identity, Reach
from doctor.http import Client
from doctor.model import Depth
from tests.given import _hand_out

REFERENCE = Path(__file__).resolve().parents[2] / "shared" / "reference"
NOT_THERE = (404, {"error": {"code": 404, "message": "File Not Found", "type": "not_found_error"}})
MACHINE = ("ServerProcess", "FileHealth", "WarmUp")  # not of the wire: unknown unless a test gives them


class Wire(msgspec.Struct):
    """The table of a server: path with query -> body, or (status, body); and the paths that were asked."""

    table: dict[str, Any]
    asked: list[str] = []

    def answer(self, path: str) -> tuple[int, bytes]:
        """What goes back for a path; bytes are sent as they are."""
        self.asked.append(path)
        found = self.table.get(path, self.table.get(path.partition("?")[0], NOT_THERE))
        status, body = found if isinstance(found, tuple) else (200, found)
        return status, body if isinstance(body, bytes) else json.dumps(body).encode()


@contextlib.asynccontextmanager
async def listening(wire: Wire) -> AsyncIterator[str]:
    """Serve the table; yields the base URL."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            lengths = [line.split(":")[1] for line in head.lower().split("\r\n") if line.startswith("content-length:")]
            await reader.readexactly(int(lengths[0]) if lengths else 0)
            status, body = wire.answer(head.split(" ")[1])
            writer.write(f"HTTP/1.1 {status} X\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n".encode())
            writer.write(body)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


@contextlib.asynccontextmanager
async def asking(
    table: Mapping[str, Any] | Wire,
    runtime: str,
    *facts: Fact,
    model: str = "",
    depth: Depth = Depth.PASSIVE,
) -> AsyncIterator[Context]:
    """A context for a server of this runtime that answers from the table; `facts` are given, not collected."""
    wire = table if isinstance(table, Wire) else Wire(table=dict(table))
    async with listening(wire) as url, Client(url) as client:
        who = Identity(runtime=runtime, state="ready", name=runtime, base_url=url, openai_url=url + "/v1")
        reach = Reach(url=url, host="127.0.0.1", port=int(url.rpartition(":")[2]), state="open")
        collectors: dict[type[Fact], Collector] = dict(target_collectors())
        collectors |= {kind: _unknown for kind in collectors if kind.__name__ in MACHINE}
        collectors |= {type(fact): _hand_out(fact) for fact in (who, reach, *facts)}
        context = Context(Target(url=url, model=model), depth, collectors, http=client)
        try:
            yield context
        finally:
            await context.close()


async def _unknown(_: Context) -> Fact:
    raise Skip("not given")


def recorded(path: str) -> Any:
    """A recorded or constructed answer of the reference; captures are unwrapped to the body on the wire."""
    content = json.loads((REFERENCE / path).read_text(encoding="utf-8"))
    if isinstance(content, dict) and "response" in content and "request" in content:
        return (content["status"], content["response"])
    if isinstance(content, dict) and "_http_status" in content:
        return (content["_http_status"], content["body"])
    return content
