"""An embedding server on loopback: the OpenAI wire over any function from texts to vectors, with faults on request.

`models` maps names to functions. What a server like this may do wrong is done here for real: a cut text is cut before
it is embedded, a refused one is refused with a status.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any

import msgspec

from doctor.ward.wire import Reply, Request, json_reply, listening, text_reply

Embed = Callable[[Sequence[str]], "Sequence[Any] | Awaitable[Sequence[Any]]"]


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong; the default is a healthy server."""

    cut_words: int = 0  # so many words of an input are read
    refuse_words: int = 0  # longer inputs are refused
    chat: Any = None  # a function from messages to an answer: the server answers questions as well


class EmbedServer:
    """The routes, and what was asked for."""

    def __init__(self, models: dict[str, Embed], faults: Faults) -> None:
        self.models = models
        self.faults = faults
        self.inputs: list[str] = []

    async def handle(self, request: Request) -> Reply:
        if request.path == "/v1/models":
            return json_reply({"object": "list", "data": [{"id": name, "object": "model"} for name in self.models]})
        if request.path == "/v1/embeddings":
            return await self.embeddings(msgspec.json.decode(request.body))
        if request.path == "/v1/chat/completions" and self.faults.chat:
            return json_reply(self.faults.chat(msgspec.json.decode(request.body)))
        return text_reply("not found", status=404)

    async def embeddings(self, body: dict[str, Any]) -> Reply:
        texts = [body["input"]] if isinstance(body["input"], str) else list(body["input"])
        self.inputs += texts
        embed = self.models.get(body["model"]) or next(iter(self.models.values()))
        if self.faults.refuse_words and any(len(text.split()) > self.faults.refuse_words for text in texts):
            return json_reply({"error": {"message": "the input length exceeds the context length"}}, 400)
        if self.faults.cut_words:
            texts = [" ".join(text.split()[: self.faults.cut_words]) for text in texts]
        vectors = embed(texts)
        vectors = await vectors if hasattr(vectors, "__await__") else vectors
        rows = [{"object": "embedding", "index": n, "embedding": [float(x) for x in v]} for n, v in enumerate(vectors)]
        count = sum(len(text.split()) for text in texts)
        return json_reply({"object": "list", "data": rows, "usage": {"prompt_tokens": count, "total_tokens": count}})


@contextlib.asynccontextmanager
async def embedding(models: dict[str, Embed], faults: Faults | None = None) -> AsyncIterator[tuple[str, EmbedServer]]:
    """A running server and its URL."""
    server = EmbedServer(models, faults or Faults())
    async with listening(server.handle) as url:
        yield url, server
