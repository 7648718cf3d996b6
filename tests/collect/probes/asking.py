"""A scripted server that speaks raw HTTP, and contexts to ask it with."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Callable

from doctor.collect import TARGET, _late
from doctor.context import Budget, Collector, Context, Target
from doctor.facts import Fact, Identity, Models, Window
from doctor.http import Client
from doctor.model import Depth

Reply = bytes | Callable[[asyncio.StreamWriter], "asyncio.Future[None]"]


class Canned:
    """Hands out replies in order (the last one for ever) and keeps the requests that came."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = list(replies)
        self.requests: list[dict] = []
        self.url = ""
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Canned":
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.append(asyncio.current_task())
        try:
            await self._reply(reader, writer)
        finally:
            writer.close()

    async def _reply(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append({"line": head[0], "headers": headers, "body": json.loads(body or b"{}")})
            reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if isinstance(reply, bytes):
                writer.write(reply)
                await writer.drain()
            else:
                await reply(writer)


def answer(body: object, status: int = 200, kind: str = "application/json") -> bytes:
    """A whole HTTP answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {kind}\r\nContent-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    return head.encode() + content


def stream(*lines: str) -> bytes:
    """A whole streamed answer; each line becomes an event line."""
    content = "".join(line + "\n\n" for line in lines).encode()
    return answer(content, kind="text/event-stream")


def chat(text: str = "ok", **usage: int) -> dict:
    """A minimal chat answer."""
    message = {"role": "assistant", "content": text}
    return {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}], "usage": usage}


def delta(text: str, finish: str | None = None) -> str:
    """One event of a streamed answer."""
    return "data: " + json.dumps({"choices": [{"index": 0, "delta": {"content": text}, "finish_reason": finish}]})


@contextlib.asynccontextmanager
async def context_for(
    url: str,
    *facts: Fact,
    runtime: str = "llama.cpp",
    depth: Depth = Depth.QUICK,
    api_key: str = "",
    budget: Budget | None = None,
) -> AsyncIterator[Context]:
    """A context whose probes ask this server, with the given facts in place of collected ones."""
    known: list[Fact] = [
        Identity(runtime=runtime, state="ready", name=runtime, base_url=url, openai_url=url + "/v1"),
        Models(names=("m",), chosen="m"),
        Window(per_request=4096),
        *facts,
    ]
    collectors = {kind: _late(path) for kind, path in TARGET.items()}
    collectors |= {type(fact): _hand_out(fact) for fact in known}
    async with Client(url, api_key=api_key) as client:
        context = Context(Target(url=url, api_key=api_key), depth, collectors, http=client, budget=budget)
        yield context
        await context.close()


def _hand_out(fact: Fact) -> Collector:
    async def collect(_: Context) -> Fact:
        return fact

    return collect
