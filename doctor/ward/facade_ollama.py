"""Ollama's wire over a real llama.cpp engine, with faults of the kind that Ollama users meet.

Counts and timings are the engine's. A fault that can be real is real: a cut prompt is cut, a slow answer takes its
time, a call that nobody parses stays text. What cannot be had without the hardware is claimed (`Claims`, `Faults`).

Compared with a real Ollama (ollama/ollama@fb307609) over the same engine and model, 26 requests: the same status and
fields, but for `context` in answers of `/api/generate`, a licence that is claimed here, and a single message that is
longer than the window, which that build refuses with HTTP 400 and older ones cut, as is done here.
"""

import asyncio
import contextlib
import math
import re
import zlib
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any

import msgspec

from doctor.errors import Refused, Trouble
from doctor.http import Client
from doctor.ward import ollama_chat as chat
from doctor.ward import ollama_shapes as shapes
from doctor.ward.call_faults import CallFaults, refusal
from doctor.ward.call_faults import prescribed as habitual
from doctor.ward.generation import (
    KEPT_TOKENS,
    Counts,
    Limits,
    Piece,
    Wanted,
    embedded,
    pieces,
    rendered,
    text_at_pace,
    tokenized,
)
from doctor.ward.gguf_edit import Gguf
from doctor.ward.ollama_chat import Frame, Part, Parts
from doctor.ward.ollama_shapes import Claims
from doctor.ward.prescribed import HOT, byte_by_byte, prescribed
from doctor.ward.wire import Reply, Request, json_reply, listening, text_reply

NDJSON = {"content-type": "application/x-ndjson"}
EVENTS = {"content-type": "text/event-stream"}
WARM_LOAD_S = 0.008  # load_duration of a model that is in memory already
# Pages that Ollama lets in by default (envconfig/config.go at v0.33): of this machine and of desktop programs.
OWN_ORIGIN = re.compile(r"https?://(?:localhost|127\.0\.0\.1|0\.0\.0\.0)(?::\d+)?\Z|(?:app|file|tauri|vscode-\w+)://")


class Faults(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong; the default is a healthy server."""

    half_window: bool = False  # a prompt above half the window is cut to half the window and two tokens
    prompt_count: int = 0  # reported whatever was sent
    tok_s: float = 0.0  # pace of the answer
    reload_s: float = 0.0  # the model is loaded anew for each request
    embedding_tokens: int = 0  # so many tokens of an embedding's input are read
    drops_system: bool = False  # system texts do not reach the prompt
    ignores_format: bool = False  # a demanded format is not enforced
    thinking_ignores_format: bool = False  # likewise, but only while the model thinks
    thought_in_text: bool = False  # nobody tells the thought from the answer
    no_tools: bool = False  # requests with tools are refused
    half_window_on: str = ""  # "native" or "openai": only this route cuts to half the window
    lost: str = "front"  # which part of a prompt falls that is too long: "front", "middle" or "tail"
    splits_characters: bool = False  # streamed answers are decoded byte by byte
    empty_above: int = 0  # prompts of more tokens are answered with nothing, as if all were well
    refuses_above: int = 0  # prompts of more tokens are refused with `refusal`
    refusal: str = "the prompt is too long"
    refusal_status: int = 400
    counts_new_only: bool = False  # prompt tokens from the cache are left out of the counts
    canned: str = ""  # the answer to everything
    error_with_200: str = ""  # every chat gets this error, with HTTP 200
    loops_when_greedy: bool = False  # long answers at temperature 0 are one phrase over and over
    ignores_sampling: bool = False  # whatever a request asks for, it is sampled hot
    forgets_rules_after: int = 0  # messages; in longer conversations answers keep no rule
    recalls: str = ""  # of the codes in a long text: "ends", those at its ends; "short", those of short texts
    refuses_origins: bool = False  # web pages get 403
    api_key: str = ""  # asked of everybody


class Ollama:
    """One façade: its routes, and the window that is loaded."""

    def __init__(
        self, engine: Client, file: Gguf, claims: Claims, faults: Faults, calls: CallFaults | None = None
    ) -> None:
        self.engine = engine
        self.file = file
        self.claims = claims
        self.faults = faults
        self.calls = calls or CallFaults()
        self.window = claims.context
        self.is_loaded = not claims.remote_host
        self.asked: Counter[str] = Counter()  # how often each question, for its seed
        self.on_cpu: Ollama | None = None  # who computes a request that asks for no GPU
        self.names = [name for name in (claims.model, claims.embedder) if name]
        self.routes: dict[tuple[str, str], Callable[[Request], Awaitable[Reply]]] = {
            ("GET", "/api/tags"): self.tags,
            ("GET", "/api/ps"): self.ps,
            ("GET", "/v1/models"): self.models,
            ("POST", "/api/show"): self.show,
            ("POST", "/api/chat"): self.native,
            ("POST", "/api/generate"): self.native,
            ("POST", "/api/embed"): self.embed,
            ("POST", "/v1/chat/completions"): self.openai,
            ("POST", "/v1/embeddings"): self.openai_embed,
        }

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        origin = request.headers.get("origin", "")
        if origin and (self.faults.refuses_origins or not OWN_ORIGIN.match(origin)):
            return Reply(status=403)
        reply = await self.answer(request)
        allowed = {"access-control-allow-origin": origin} if origin else {}
        return msgspec.structs.replace(reply, headers={**reply.headers, **allowed})

    async def answer(self, request: Request) -> Reply:
        """Answer one request that no browser rule turns away."""
        if self.faults.api_key and request.headers.get("authorization") != f"Bearer {self.faults.api_key}":
            return json_reply({"error": "unauthorized"}, 401)
        if request.method in {"GET", "HEAD"} and request.path == "/":
            return text_reply("Ollama is running")
        if request.path == "/api/version":
            return json_reply({"version": self.claims.version})
        route = self.routes.get((request.method, request.path))
        if route is None:
            return text_reply("404 page not found", status=404)
        try:
            return await route(request)
        except msgspec.DecodeError as error:
            return failed(request, f"invalid JSON: {error}", 400)
        except Refused as error:
            return failed(request, error.body, error.status)
        except Trouble as error:
            return failed(request, f"llama-server process has terminated: {error}", 500)

    async def tags(self, _: Request) -> Reply:
        """`GET /api/tags`."""
        return json_reply({"models": [shapes.entry(self.claims, self.file, name) for name in self.names]})

    async def ps(self, _: Request) -> Reply:
        """`GET /api/ps`."""
        return json_reply({"models": [shapes.loaded(self.claims, self.file, self.window)] if self.is_loaded else []})

    async def models(self, _: Request) -> Reply:
        """`GET /v1/models`."""
        row = {"object": "model", "created": shapes.CREATED_S, "owned_by": "library"}
        return json_reply({"object": "list", "data": [{"id": name, **row} for name in self.names]})

    async def show(self, request: Request) -> Reply:
        """`POST /api/show`."""
        return json_reply(shapes.card(self.claims, self.file, self.known(chat.fields(request.body))))

    async def native(self, request: Request) -> Reply:
        """`POST /api/chat` and `POST /api/generate`."""
        body = chat.fields(request.body)
        if self.on_cpu is not None and (body.get("options") or {}).get("num_gpu") == 0:
            return await self.on_cpu.native(request)
        frame = self.frame(body, chat=request.path == "/api/chat")
        if not body.get("messages" if frame.chat else "prompt"):
            return self.only_load(body, frame)
        self.fit_window(body)
        wanted = chat.understood_native(body, chat=frame.chat, thinks=self.thinks())
        if body.get("_debug_render_only"):
            prompt = await rendered(self.engine, self.own_way(wanted))
            return json_reply(shapes.rendered(frame.model, prompt))
        parts = self.parts(wanted)
        first = await anext(parts)  # what the engine refuses must still become a status
        parts = _led_by(first, parts)
        if body.get("stream", True):
            return Reply(headers=NDJSON, stream=_ndjson(chat.native_lines(frame, parts)))
        return json_reply(chat.native_whole(frame, [part async for part in parts]))

    async def openai(self, request: Request) -> Reply:
        """`POST /v1/chat/completions`."""
        body = chat.fields(request.body)
        frame = self.frame(body)
        self.fit_window({})  # this route knows no field for a window
        if self.faults.error_with_200:
            return json_reply(shapes.openai_error(self.faults.error_with_200, 500))
        parts = self.parts(chat.understood_openai(body, thinks=self.thinks()))
        parts = _led_by(await anext(parts), parts)
        if body.get("stream"):
            parts = byte_by_byte(parts) if self.faults.splits_characters else parts
            return Reply(headers=EVENTS, stream=_events(chat.openai_events(frame, parts)))
        return json_reply(chat.openai_whole(frame, [part async for part in parts]))

    def frame(self, body: dict[str, Any], *, chat: bool = True) -> Frame:
        """What the objects of the answer have in common. Raises Refused for a model that is not there."""
        return Frame(
            model=self.known(body),
            load_s=self.faults.reload_s or WARM_LOAD_S,
            prompt_tokens=self.counted,
            chat=chat,
            faults=self.calls,
            with_usage=bool((body.get("stream_options") or {}).get("include_usage")),
        )

    def only_load(self, body: dict[str, Any], frame: Frame) -> Reply:
        """A request without a prompt loads the model, or unloads it with `keep_alive: 0`."""
        self.is_loaded = body.get("keep_alive") not in (0, "0")
        empty: dict[str, Any] = {"message": {"role": "assistant", "content": ""}} if frame.chat else {"response": ""}
        reason = {"done": True, "done_reason": "load" if self.is_loaded else "unload"}
        return json_reply({"model": frame.model, "created_at": shapes.now(), **empty, **reason})

    def fit_window(self, body: dict[str, Any]) -> None:
        """`options.num_ctx` loads the model with another window, at most the trained one; without it, with its own."""
        asked = (body.get("options") or {}).get("num_ctx")
        own = not isinstance(asked, int) or asked <= 0
        self.window = self.claims.context if own else min(asked, self.file.metadata["llama.context_length"])
        self.is_loaded = True

    async def parts(self, wanted: Wanted) -> Parts:
        """The answer's parts; with tools, text waits until it is known what is a call. Raises Refused."""
        if wanted.tools and self.faults.no_tools:
            message = f"registry.ollama.ai/library/{self.claims.model} does not support tools"
            raise Refused(message, 400, message)
        if failure := refusal(self.calls, wanted.messages, wanted.tools):
            raise Refused(failure, 500, failure)
        await asyncio.sleep(self.faults.reload_s)
        if (nothing := await self.overflowed(wanted)) is not None:
            yield Part(counts=nothing)
            return
        held = ""
        stream = self.generated(self.own_way(wanted))
        async with contextlib.aclosing(stream):
            async for piece in stream:
                if piece.counts is not None:
                    yield chat.with_calls(held, wanted, piece.counts, self.calls)
                elif wanted.tools and piece.text:
                    held += piece.text
                elif piece.text or piece.thought:
                    yield Part(text=piece.text, thought=piece.thought)

    def own_way(self, wanted: Wanted) -> Wanted:
        """The request with the model's own settings filled in, less what a fault loses."""
        messages = wanted.messages
        if self.faults.drops_system:
            messages = [message for message in messages if message.get("role") != "system"]
        elif self.claims.system and messages and messages[0].get("role") != "system":
            messages = [{"role": "system", "content": self.claims.system}, *messages]
        options = {**chat.engine_options(self.claims.parameters), **wanted.options}
        if self.faults.ignores_sampling:
            options |= HOT | {"seed": self.seed(wanted)}
        loose = self.faults.ignores_format or (self.faults.thinking_ignores_format and wanted.thinking)
        schema = None if loose else wanted.schema
        tools = wanted.tools[: self.calls.kept_tools or None]
        return msgspec.structs.replace(wanted, messages=messages, options=options, schema=schema, tools=tools)

    def seed(self, wanted: Wanted) -> int:
        """Another one each time a question is asked, and the same in every life of the façade."""
        question = repr((wanted.messages, wanted.prompt))
        self.asked[question] += 1
        return zlib.crc32(f"{question} {self.asked[question]}".encode())

    def generated(self, wanted: Wanted) -> AsyncGenerator[Piece]:
        """The engine's answer, within this server's limits; or the call that a fault prescribes."""
        half = self.window - (self.window - KEPT_TOKENS) // 2
        route = "openai" if wanted.openai else "native"
        cuts = self.faults.half_window or self.faults.half_window_on == route
        limits = Limits(
            longest=half if cuts else self.window,
            cut_to=half,
            lost=self.faults.lost,
            tok_s=self.faults.tok_s,
            keep_tags=self.faults.thought_in_text,
        )
        habit = habitual(self.calls, wanted)
        text = prescribed(self.faults, self.claims, wanted) if habit is None else habit
        if text or habit is not None:
            return text_at_pace(self.engine, text, wanted, limits)
        return pieces(self.engine, wanted, limits)

    async def overflowed(self, wanted: Wanted) -> Counts | None:
        """The counts of an answer with nothing in it, where a fault makes one of a long prompt. Raises Refused."""
        limit = self.faults.empty_above or self.faults.refuses_above
        if not limit:
            return None
        prompt = wanted.prompt or await rendered(self.engine, self.own_way(wanted))
        length = len(await tokenized(self.engine, prompt))
        if length <= limit:
            return None
        if self.faults.refuses_above:
            raise Refused(self.faults.refusal, self.faults.refusal_status, self.faults.refusal)
        return Counts(prompt_tokens=length, prompt_s=0.1, answer_tokens=0, answer_s=0.0, ended="stop")

    def counted(self, counts: Counts) -> int:
        """Prompt tokens as this server reports them."""
        cached = counts.cached if self.faults.counts_new_only else 0
        return self.faults.prompt_count or counts.prompt_tokens - cached

    def thinks(self) -> bool:
        """A model that can think does so unless told not to."""
        return "thinking" in shapes.capabilities(self.claims, self.file, self.claims.model)

    def known(self, body: dict[str, Any]) -> str:
        """The full name of the requested model. Raises Refused as Ollama words it."""
        asked = str(body.get("model") or body.get("name") or "")
        for name in self.names:
            if asked in {name, name.removesuffix(":latest")}:
                return name
        message = f"model '{asked}' not found"
        raise Refused(message, 404, message)

    async def embed(self, request: Request) -> Reply:
        """`POST /api/embed`."""
        body = chat.fields(request.body)
        name = self.known(body)
        clock = asyncio.get_running_loop().time
        began = clock()
        vectors, count = await self.vectors(body, may_cut=body.get("truncate", True))
        times = {
            "total_duration": shapes.nanoseconds(clock() - began),
            "load_duration": shapes.nanoseconds(WARM_LOAD_S),
        }
        return json_reply({"model": name, "embeddings": vectors, **times, "prompt_eval_count": count})

    async def openai_embed(self, request: Request) -> Reply:
        """`POST /v1/embeddings`."""
        body = chat.fields(request.body)
        name = self.known(body)
        vectors, count = await self.vectors(body, may_cut=True)
        rows = [{"object": "embedding", "embedding": vector, "index": index} for index, vector in enumerate(vectors)]
        counts = {"prompt_tokens": count, "total_tokens": count}
        return json_reply({"object": "list", "data": rows, "model": name, "usage": counts})

    async def vectors(self, body: dict[str, Any], *, may_cut: bool) -> tuple[list[list[float]], int]:
        """Unit vectors of the inputs, and the tokens read. An input beyond the limit is cut, or refused."""
        given = body.get("input") or []
        limit = self.faults.embedding_tokens or self.window
        vectors, count = [], 0
        for text in [given] if isinstance(given, str) else given:
            tokens = await tokenized(self.engine, str(text))
            if len(tokens) > limit and not may_cut:
                message = "the input length exceeds the context length"
                raise Refused(message, 400, message)
            count += len(tokens[:limit])
            vectors.append(_unit(await embedded(self.engine, tokens[:limit])))
        return vectors, count


@contextlib.asynccontextmanager
async def ollama(
    engine_url: str, file: Gguf, claims: Claims, faults: Faults, calls: CallFaults | None = None, *, cpu_url: str = ""
) -> AsyncIterator[str]:
    """An Ollama that runs `file` on the engine at `engine_url`; yields its base URL.

    Requests for no GPU go to the engine at `cpu_url`, where there is one.
    """
    async with Client(engine_url) as engine, Client(cpu_url or engine_url) as cpu:
        served = Ollama(engine, file, claims, faults, calls)
        served.on_cpu = Ollama(cpu, file, claims, Faults()) if cpu_url else None
        async with listening(served.handle) as url:
            yield url


def failed(request: Request, message: str, status: int) -> Reply:
    """An error in the envelope of the route that was asked."""
    if request.path.startswith("/v1/"):
        return json_reply(shapes.openai_error(message, status), status)
    return json_reply({"error": message}, status)


def _unit(vector: list[float]) -> list[float]:
    length = math.sqrt(sum(value * value for value in vector)) or 1.0
    return [value / length for value in vector]


async def _led_by(first: Part, rest: Parts) -> Parts:
    async with contextlib.aclosing(rest):
        yield first
        async for part in rest:
            yield part


async def _ndjson(lines: AsyncGenerator[dict[str, Any]]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(lines):
        async for line in lines:
            yield msgspec.json.encode(line) + b"\n"


async def _events(events: AsyncGenerator[dict[str, Any]]) -> AsyncGenerator[bytes]:
    async with contextlib.aclosing(events):
        async for event in events:
            yield b"data: " + msgspec.json.encode(event) + b"\n\n"
    yield b"data: [DONE]\n\n"
