"""A gateway in front of a real engine: it passes requests on, and trims, recodes or hides what a patient says."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any

import msgspec

from doctor.errors import Refused, Trouble
from doctor.http import Client, decode_json
from doctor.ward.wire import Reply, Request, json_reply, listening

CHAT = "/v1/chat/completions"
DEADLINE_S = 300.0
NAME = {"server": "gateway/1.4", "via": "1.1 gateway"}
PIECE_BYTES = 3  # what a careless gateway turns into text at once


class Habits(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the gateway does beside passing on; the default is a faithful one."""

    only_v1: bool = False  # other paths are answered with 404
    keeps_words: int = 0  # of each message; 0 = all of them
    loses: str = "tail"  # which part of a longer message falls: "front", "middle" or "tail"
    recodes_stream: bool = False  # bytes of a stream are turned into text a few at a time
    hides_usage: bool = False  # counts and timings are left out
    answers: str = ""  # the gateway's own answer to every chat


class Gateway:
    """One gateway and the engine behind it."""

    def __init__(self, engine: Client, habits: Habits) -> None:
        self.engine = engine
        self.habits = habits

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        if self.habits.only_v1 and not request.path.startswith("/v1/models") and request.path != CHAT:
            return json_reply({"detail": "Not Found"}, 404)
        try:
            reply = await self.passed_on(request)
        except Refused as error:
            reply = Reply(status=error.status, headers={"content-type": "application/json"}, body=error.body.encode())
        except Trouble as error:
            reply = json_reply({"error": {"message": f"upstream: {error}"}}, 502)
        origin = request.headers.get("origin")
        allowed = {"access-control-allow-origin": "*"} if origin else {}
        return msgspec.structs.replace(reply, headers={**reply.headers, **NAME, **allowed})

    async def passed_on(self, request: Request) -> Reply:
        """The engine's answer. Raises Refused and the Trouble family."""
        if request.method != "POST":
            answer = await self.engine.get(request.path, deadline_s=DEADLINE_S)
            return Reply(status=answer.status, headers=_kind(answer.headers), body=answer.body)
        body = decode_json(request.body)
        if request.path == CHAT:
            if self.habits.answers:
                return own_answer(self.habits.answers, streamed=bool(body.get("stream")))
            body = {**body, "messages": [self.trimmed(message) for message in body.get("messages", [])]}
            if body.get("stream"):
                lines = self.engine.lines(request.path, body, deadline_s=DEADLINE_S)
                first = await anext(aiter(lines))  # what the engine refuses must still become a status
                return Reply(headers={"content-type": "text/event-stream"}, stream=self.events(first, lines))
        answer = await self.engine.post(request.path, body, deadline_s=DEADLINE_S)
        content = self.hidden(answer.json()) if request.path == CHAT and answer.status == 200 else None
        if content is not None:
            return json_reply(content)
        return Reply(status=answer.status, headers=_kind(answer.headers), body=answer.body)

    def trimmed(self, message: dict[str, Any]) -> dict[str, Any]:
        """A message without the part that is too much for the gateway."""
        content = message.get("content")
        most = self.habits.keeps_words
        if not most or not isinstance(content, str) or len(content.split()) <= most:
            return message
        words = content.split(" ")
        half = most // 2
        kept = {"front": words[-most:], "middle": [*words[:half], *words[-half:]], "tail": words[:most]}
        return {**message, "content": " ".join(kept[self.habits.loses])}

    def hidden(self, content: dict[str, Any]) -> dict[str, Any]:
        """An answer without its counts, where the gateway leaves them out."""
        if not self.habits.hides_usage:
            return content
        return {name: value for name, value in content.items() if name not in {"usage", "timings"}}

    async def events(self, first: bytes, rest: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
        """The engine's stream, event by event."""
        yield self.event(first)
        async for line in rest:
            yield self.event(line)

    def event(self, line: bytes) -> bytes:
        """One event as it leaves the gateway."""
        if line.startswith(b"data: {") and self.habits.hides_usage:
            line = b"data: " + msgspec.json.encode(self.hidden(decode_json(line.removeprefix(b"data: "))))
        return (_recoded(line) if self.habits.recodes_stream else line) + b"\n\n"


def own_answer(text: str, *, streamed: bool) -> Reply:
    """The gateway's own words in the shape of a model's answer."""
    head = {"id": "gw-1", "created": 1_786_518_842, "model": "gateway"}
    if not streamed:
        message = {"role": "assistant", "content": text}
        choices = [{"index": 0, "message": message, "finish_reason": "stop"}]
        return json_reply({**head, "object": "chat.completion", "choices": choices})
    delta = {"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    event = msgspec.json.encode({**head, "object": "chat.completion.chunk", "choices": [delta]})
    return Reply(headers={"content-type": "text/event-stream"}, body=b"data: " + event + b"\n\ndata: [DONE]\n\n")


def _recoded(content: bytes) -> bytes:
    """Bytes that were turned into characters a few at a time."""
    pieces = (content[at : at + PIECE_BYTES] for at in range(0, len(content), PIECE_BYTES))
    return "".join(piece.decode("utf-8", "replace") for piece in pieces).encode()


def _kind(headers: dict[str, str]) -> dict[str, str]:
    return {"content-type": headers.get("content-type", "application/json")}


@contextlib.asynccontextmanager
async def gateway(engine_url: str, habits: Habits) -> AsyncIterator[str]:
    """A gateway to the engine at `engine_url`; yields its base URL."""
    async with Client(engine_url) as engine, listening(Gateway(engine, habits).handle) as url:
        yield url
