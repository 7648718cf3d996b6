"""vLLM's wire over a real llama.cpp engine, which renders, generates and parses; faults of tool calls on top.

Answers of the engine are passed on in vLLM's form. Shapes: vLLM 0.32.0, recorded.
"""

import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Any, cast

import msgspec

from doctor.errors import Refused, Trouble
from doctor.http import Client, decode_json
from doctor.ward.call_faults import CallFaults, entries, refusal
from doctor.ward.generation import DEADLINE_S
from doctor.ward.ollama_shapes import CREATED_S, Claims
from doctor.ward.wire import Reply, Request, json_reply, listening

EVENTS = {"content-type": "text/event-stream; charset=utf-8"}
VERSION = "0.32.0"
NOT_FOUND = {"detail": "Not Found"}
# Of the engine's answer, what vLLM has no such field for.
OWN_FIELDS = ("timings", "__verbose")
Body = dict[str, Any]


class Vllm:
    """One façade: its routes over one engine."""

    def __init__(self, engine: Client, claims: Claims, calls: CallFaults) -> None:
        self.engine = engine
        self.claims = claims
        self.calls = calls
        self.routes: dict[tuple[str, str], Callable[[Request], Awaitable[Reply]]] = {
            ("GET", "/health"): self.health,
            ("GET", "/version"): self.version,
            ("GET", "/v1/models"): self.models,
            ("POST", "/tokenize"): self.tokenize,
            ("POST", "/detokenize"): self.detokenize,
            ("POST", "/v1/completions"): self.completions,
            ("POST", "/v1/chat/completions"): self.chat,
        }

    async def handle(self, request: Request) -> Reply:
        """Answer one request."""
        route = self.routes.get((request.method, request.path))
        try:
            reply = await route(request) if route else json_reply(NOT_FOUND, 404)
        except Refused as error:
            reply = failed(error.body, error.status)
        except (msgspec.DecodeError, Trouble) as error:
            reply = failed(str(error), 400)
        return msgspec.structs.replace(reply, headers={**reply.headers, "server": "uvicorn"})

    async def health(self, _: Request) -> Reply:
        """`GET /health`: nothing, and status 200."""
        return Reply()

    async def version(self, _: Request) -> Reply:
        """`GET /version`."""
        return json_reply({"version": VERSION})

    async def models(self, _: Request) -> Reply:
        """`GET /v1/models`."""
        row = {"id": self.claims.model, "object": "model", "created": CREATED_S, "owned_by": "vllm"}
        row |= {"root": self.claims.model, "parent": None, "max_model_len": self.claims.context}
        return json_reply({"object": "list", "data": [row]})

    async def tokenize(self, request: Request) -> Reply:
        """`POST /tokenize` of a prompt, or of messages and tools as the template renders them."""
        body = decoded(request)
        text = body.get("prompt")
        if text is None:
            wanted = ("messages", "tools", "add_generation_prompt", "chat_template_kwargs")
            text = (await self.asked("/apply-template", {k: body[k] for k in wanted if k in body}))["prompt"]
        found = await self.asked(
            "/tokenize",
            {"content": text, "add_special": False, "parse_special": True, "with_pieces": True},
        )
        tokens = found["tokens"]
        answer = {"count": len(tokens), "max_model_len": self.claims.context, "tokens": [row["id"] for row in tokens]}
        return json_reply(answer | {"token_strs": [vocabulary_text(row["piece"]) for row in tokens]})

    async def detokenize(self, request: Request) -> Reply:
        """`POST /detokenize`."""
        found = await self.asked("/detokenize", {"tokens": decoded(request).get("tokens", [])})
        return json_reply({"prompt": found["content"]})

    async def completions(self, request: Request) -> Reply:
        """`POST /v1/completions`."""
        return json_reply(in_form(await self.asked("/v1/completions", decoded(request))))

    async def chat(self, request: Request) -> Reply:
        """`POST /v1/chat/completions`."""
        body = decoded(request)
        failure = refusal(self.calls, body.get("messages", ()), body.get("tools"))
        if failure:
            return failed(failure, 400 if self.calls.no_parser else 500)
        if self.calls.choice_ignored:
            body.pop("tool_choice", None)
        tool = forced(body)
        if tool is not None:
            return json_reply(self.spoilt(await self.guided(body, tool)))
        if not body.get("stream"):
            return json_reply(self.spoilt(in_form(await self.asked("/v1/chat/completions", body))))
        events = self.events(body)
        return Reply(headers=EVENTS, stream=led_by(await anext(events), events))

    async def guided(self, body: Body, tool: Body) -> Body:
        """A demanded call: its arguments are written under the tool's schema, as vLLM does it. Not streamed."""
        schema = {"name": "arguments", "schema": {**tool["parameters"], "additionalProperties": False}}
        plain = {key: value for key, value in body.items() if key not in {"tools", "tool_choice", "stream"}}
        plain["response_format"] = {"type": "json_schema", "json_schema": schema}
        answer = in_form(await self.asked("/v1/chat/completions", plain))
        choice = answer["choices"][0]
        function = {"name": tool["name"], "arguments": choice["message"]["content"]}
        call = {"id": "chatcmpl-tool-1", "type": "function", "function": function}
        choice["message"] = {"role": "assistant", "content": "", "tool_calls": [call]}
        return answer

    def spoilt(self, answer: Body) -> Body:
        """A whole answer as faults leave it."""
        for choice in answer.get("choices", ()):
            message = choice["message"]
            if "reasoning_content" in message:
                message["reasoning"] = message.pop("reasoning_content")
            if message.get("tool_calls"):
                message["tool_calls"] = entries(self.calls, message["tool_calls"])
                self.end(choice)
        return answer

    async def events(self, body: Body) -> AsyncGenerator[bytes]:
        """The engine's events in vLLM's form, as faults leave them; calls in pieces, or all in one."""
        waiting: dict[int, Body] = {}
        lines = cast("AsyncGenerator[bytes]", self.engine.lines("/v1/chat/completions", body, deadline_s=DEADLINE_S))
        async with contextlib.aclosing(lines):
            async for line in lines:
                data = line.removeprefix(b"data: ")
                if data == b"[DONE]":
                    break
                event = in_form(decode_json(data))
                if self.keeps(event, waiting):
                    yield b"data: " + msgspec.json.encode(event) + b"\n\n"
        yield b"data: [DONE]\n\n"

    def keeps(self, event: Body, waiting: dict[int, Body]) -> bool:
        """Whether an event is sent; it is changed in place, and calls may wait for the end of the answer."""
        for choice in event.get("choices", ()):
            delta = choice["delta"]
            if "reasoning_content" in delta:
                delta["reasoning"] = delta.pop("reasoning_content")
            for entry in delta.get("tool_calls", ()):
                self.one_call(entry, waiting)
            if waiting and delta.pop("tool_calls", None) is not None:
                return False
            if choice.get("finish_reason") == "tool_calls":
                self.end(choice)
                if waiting:
                    delta["tool_calls"] = entries(self.calls, list(waiting.values()), streamed=True)
        return True

    def one_call(self, entry: Body, waiting: dict[int, Body]) -> None:
        """A piece of a call: put aside when calls go out whole, else spoilt where it stands."""
        if self.calls.in_one_piece or self.calls.other_shape or self.calls.empty_dropped:
            known = waiting.setdefault(entry["index"], {**entry, "function": {**entry["function"], "arguments": ""}})
            known["function"]["arguments"] += entry["function"].get("arguments", "")
            return
        if self.calls.index_zero:
            entry["index"] = 0
        if self.calls.without_ids:
            entry.pop("id", None)
        if self.calls.stream_without_arguments:
            entry["function"].pop("arguments", None)

    def end(self, choice: Body) -> None:
        """The finish reason of an answer with calls."""
        choice["finish_reason"] = self.calls.finish or choice["finish_reason"]

    async def asked(self, path: str, body: Body) -> Body:
        """The engine's answer. Raises Refused with its words."""
        answer = await self.engine.post(path, body, deadline_s=DEADLINE_S)
        if answer.status != 200:
            raise Refused(f"the engine answered {answer.status}", answer.status, words(answer.text()))
        return cast("Body", answer.json())


@contextlib.asynccontextmanager
async def vllm(engine_url: str, claims: Claims, calls: CallFaults) -> AsyncIterator[str]:
    """A vLLM over the engine at `engine_url`; yields its base URL."""
    async with Client(engine_url) as engine, listening(Vllm(engine, claims, calls).handle) as url:
        yield url


def decoded(request: Request) -> Body:
    """The JSON object of a request."""
    return msgspec.json.decode(request.body, type=dict[str, Any])


def forced(body: Body) -> Body | None:
    """The function that a request demands by name, or the first one under `required`; None where it demands none."""
    choice = body.get("tool_choice")
    functions = [tool["function"] for tool in body.get("tools") or ()]
    if isinstance(choice, dict):
        wanted = choice.get("function", {}).get("name")
        return next((function for function in functions if function["name"] == wanted), None)
    return functions[0] if choice == "required" and functions else None


def failed(message: str, status: int) -> Reply:
    """An error in vLLM's envelope."""
    kind = "BadRequestError" if status == 400 else "InternalServerError"
    return json_reply({"error": {"message": message, "type": kind, "param": None, "code": status}}, status)


def words(body: str) -> str:
    """The message in the engine's error."""
    with contextlib.suppress(ValueError, TypeError, KeyError):
        return str(json.loads(body)["error"]["message"])
    return body


def in_form(answer: Body) -> Body:
    """An answer or event of the engine without its own fields."""
    return {key: value for key, value in answer.items() if key not in OWN_FIELDS}


def vocabulary_text(piece: object) -> str:
    """A piece as byte-level vocabularies spell it: a space is U+0120, a line feed U+010A."""
    return piece.replace(" ", "Ġ").replace("\n", "Ċ") if isinstance(piece, str) else ""


async def led_by(first: bytes, rest: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """A stream whose first piece has been waited for: what the engine refuses must still become a status."""
    async with contextlib.aclosing(rest):
        yield first
        async for piece in rest:
            yield piece
