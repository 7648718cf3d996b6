"""Ollama's chat on the wire, both routes: requests understood as it does, answers in its objects and events."""

import contextlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from doctor.ward import ollama_shapes as shapes
from doctor.ward.call_faults import CallFaults, as_text, entries, native_entries, remade
from doctor.ward.generation import Counts, Wanted, calls_in

# Ollama's option names and the OpenAI route's -> the engine's
OPTIONS = {
    "temperature": "temperature",
    "top_p": "top_p",
    "top_k": "top_k",
    "min_p": "min_p",
    "seed": "seed",
    "stop": "stop",
    "num_predict": "n_predict",
    "max_tokens": "n_predict",
    "repeat_penalty": "repeat_penalty",
    "presence_penalty": "presence_penalty",
    "frequency_penalty": "frequency_penalty",
}


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer; the last one has the counts and the calls."""

    text: str = ""
    thought: str = ""
    calls: tuple[dict[str, Any], ...] = ()
    counts: Counts | None = None


class Frame(msgspec.Struct, frozen=True, kw_only=True):
    """What each object of an answer repeats, and how the last one counts."""

    model: str
    load_s: float
    prompt_tokens: Callable[[Counts], int]
    chat: bool = True
    with_usage: bool = False
    faults: CallFaults = CallFaults()


Parts = AsyncGenerator[Part]


class Message(msgspec.Struct, frozen=True):
    """The kinds of a message's fields; any other kind is refused."""

    role: str = ""
    content: str | list[dict[str, Any]] | None = None


class Asked(msgspec.Struct, frozen=True):
    """The kinds of a request's fields, as the real server's Go types have them."""

    model: str = ""
    messages: list[Message] | None = None
    prompt: str | None = None
    options: dict[str, Any] | None = None


def fields(body: bytes) -> dict[str, Any]:
    """A request's fields. Raises msgspec.DecodeError for what is no JSON or has a field of the wrong kind."""
    msgspec.json.decode(body, type=Asked)
    return msgspec.json.decode(body, type=dict[str, Any])


def understood_native(body: dict[str, Any], *, chat: bool, thinks: bool) -> Wanted:
    """The fields of `/api/chat` or `/api/generate`; `thinks`: the model does so unless told not to."""
    messages = body["messages"] if chat else [{"role": "user", "content": body["prompt"]}]
    if body.get("system") and not chat:
        messages = [{"role": "system", "content": body["system"]}, *messages]
    form = body.get("format")
    return Wanted(
        messages=_for_engine(messages),
        prompt=body["prompt"] if body.get("raw") else "",
        tools=list(body.get("tools") or []),
        thinking=bool(body.get("think", thinks)),
        options=engine_options(body.get("options") or {}),
        schema=form if isinstance(form, dict) else {} if form == "json" else None,
    )


def understood_openai(body: dict[str, Any], *, thinks: bool) -> Wanted:
    """The fields of `/v1/chat/completions`; `tool_choice` and others are ignored, as Ollama does."""
    form = body.get("response_format") or {}
    wants_json = str(form.get("type", "")).startswith("json")
    effort = body.get("reasoning_effort") or (body.get("reasoning") or {}).get("effort")
    return Wanted(
        messages=_for_engine(body.get("messages") or []),
        tools=list(body.get("tools") or []),
        thinking=effort != "none" if effort else thinks,
        options=engine_options(body),
        openai=True,
        schema=(form.get("json_schema") or {}).get("schema", {}) if wants_json else None,
    )


async def native_lines(frame: Frame, parts: Parts) -> AsyncGenerator[dict[str, Any]]:
    """The objects of a native stream; the last one has the counters."""
    async with contextlib.aclosing(parts):
        async for part in parts:
            if part.text or part.thought or part.calls:
                yield _native(frame, part) | {"done": False}
            if part.counts is not None:
                last = shapes.last_fields(part.counts, frame.load_s, frame.prompt_tokens(part.counts))
                yield _native(frame, Part()) | last


def native_whole(frame: Frame, parts: Sequence[Part]) -> dict[str, Any]:
    """A native answer in one object."""
    last = parts[-1]
    assert last.counts is not None  # noqa: S101 - every answer ends with its counts
    counters = shapes.last_fields(last.counts, frame.load_s, frame.prompt_tokens(last.counts))
    return _native(frame, _joined(parts)) | counters


def openai_whole(frame: Frame, parts: Sequence[Part]) -> dict[str, Any]:
    """An answer of the OpenAI route in one object."""
    part = _joined(parts)
    assert part.counts is not None  # noqa: S101 - every answer ends with its counts
    message: dict[str, Any] = {"role": "assistant", "content": part.text}
    if part.thought:
        message["reasoning"] = part.thought
    if part.calls:
        message["tool_calls"] = entries(frame.faults, shapes.openai_calls(part.calls))
    choice = {"index": 0, "message": message, "finish_reason": _finish(part, frame)}
    return (
        shapes.openai_head(frame.model, "chat.completion")
        | {"choices": [choice]}
        | {"usage": shapes.usage(part.counts, frame.prompt_tokens(part.counts))}
    )


async def openai_events(frame: Frame, parts: Parts) -> AsyncGenerator[dict[str, Any]]:
    """The events of a stream of the OpenAI route, before `[DONE]`."""
    head = shapes.openai_head(frame.model, "chat.completion.chunk")
    role = {"role": "assistant"}
    async with contextlib.aclosing(parts):
        async for part in parts:
            if part.text or part.thought or part.calls:
                delta = role | _delta(frame, part)
                yield head | {"choices": [{"index": 0, "delta": delta, "finish_reason": None}]}
                role = {}
            if part.counts is not None:
                yield head | {"choices": [{"index": 0, "delta": {}, "finish_reason": _finish(part, frame)}]}
                if frame.with_usage:
                    count = frame.prompt_tokens(part.counts)
                    yield head | {"choices": [], "usage": shapes.usage(part.counts, count)}


def _delta(frame: Frame, part: Part) -> dict[str, Any]:
    """What an event adds to the answer."""
    if part.calls and frame.faults.stream_stays_text:
        return {"content": part.text + as_text(part.calls)}
    delta: dict[str, Any] = {"content": part.text}
    delta |= {"reasoning": part.thought} if part.thought else {}
    calls = entries(frame.faults, shapes.openai_calls(part.calls), streamed=True)
    return delta | ({"tool_calls": calls} if calls else {})


def with_calls(raw: str, wanted: Wanted, counts: Counts, faults: CallFaults) -> Part:
    """The last part of an answer to a request with tools: its calls found, or left in the text."""
    visible, calls = (raw, []) if faults.stay_text else calls_in(raw)
    text, thought, calls = remade(faults, wanted, visible, calls, raw)
    return Part(text=text, thought=thought, calls=tuple(calls), counts=counts)


def _joined(parts: Sequence[Part]) -> Part:
    return Part(
        text="".join(part.text for part in parts).lstrip("\n"),
        thought="".join(part.thought for part in parts).strip("\n"),
        calls=parts[-1].calls,
        counts=parts[-1].counts,
    )


def _finish(part: Part, frame: Frame) -> str:
    assert part.counts is not None  # noqa: S101 - only asked of the last part
    return (frame.faults.finish or "tool_calls") if part.calls else part.counts.ended


def _native(frame: Frame, part: Part) -> dict[str, Any]:
    head = {"model": frame.model, "created_at": shapes.now()}
    thinking = {"thinking": part.thought} if part.thought else {}
    if not frame.chat:
        return head | {"response": part.text} | thinking
    found = native_entries(frame.faults, shapes.native_calls(part.calls))
    calls = {"tool_calls": found} if found else {}
    return head | {"message": {"role": "assistant", "content": part.text} | thinking | calls}


def engine_options(given: Mapping[str, Any]) -> dict[str, Any]:
    """Sampling fields in the engine's names; others are ignored."""
    return {engine: given[ours] for ours, engine in OPTIONS.items() if given.get(ours) is not None}


def _for_engine(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Messages as the engine's template runner takes them: one text each, call arguments as a string."""
    ready: list[dict[str, Any]] = []
    for message in messages:
        content = message.get("content") or ""
        texts = [content] if isinstance(content, str) else [str(part.get("text", "")) for part in content]
        rest = {key: value for key, value in message.items() if key not in {"content", "tool_calls", "images"}}
        calls = [_call_for_engine(call) for call in message.get("tool_calls") or []]
        ready += [rest | {"content": text} | ({"tool_calls": calls} if calls else {}) for text in texts]
    return ready


def _call_for_engine(call: dict[str, Any]) -> dict[str, Any]:
    function = call.get("function") or {}
    arguments = function.get("arguments", {})
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    return {"type": "function", "function": {"name": function.get("name", ""), "arguments": text}}
