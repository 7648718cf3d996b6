"""An answer as it came over the wire, read into an `Exchange`; wrong shapes are kept, never trusted.

Fields read: OpenAI chat completions (whole and streamed), the extras of llama.cpp (`timings`), Ollama and vLLM
(`reasoning`), DeepSeek style (`reasoning_content`), LM Studio (`stats`), and Ollama's own `/api/chat`.
"""

import json
import math
from typing import Any

import msgspec

from doctor.errors import Malformed
from doctor.facts import Exchange, ToolCall
from doctor.http import MAX_JSON_CONTAINERS
from doctor.text import one_line

MAX_TEXT = 64_000  # characters of one answer that are kept; probes ask for fewer than 2000 tokens
MAX_CALLS = 64
MAX_COUNT = 10**9
ERROR_CHARACTERS = 300
NANOSECOND = 1e-9


def decode(body: bytes | str) -> Any:  # noqa: ANN401 - untrusted JSON has any shape
    """JSON from a server: bad UTF-8 becomes U+FFFD, NaN becomes None. Raises Malformed."""
    text = body.decode("utf-8", "replace") if isinstance(body, bytes) else body
    if text.count("[") + text.count("{") > MAX_JSON_CONTAINERS:
        raise Malformed("the answer holds more lists and objects than any real one")
    try:
        return json.loads(text, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        msg = f"the answer is not JSON: {one_line(text, 80)!r}"
        raise Malformed(msg) from error


def whole(body: object, base: Exchange) -> Exchange:
    """An answer that came in one piece. Raises Malformed when it is no chat answer at all."""
    if not isinstance(body, dict):
        raise Malformed("the answer is not a JSON object")
    refusal = error_text(body)
    if refusal:
        return msgspec.structs.replace(base, error=refusal)
    choice = first(body.get("choices"))
    message = choice.get("message")
    if not isinstance(message, dict):
        raise Malformed("the answer holds no message")
    calls = Calls()
    calls.add(message)
    return msgspec.structs.replace(
        with_usage(base, body),
        content=clean(text_of(message.get("content"))),
        reasoning=clean(reasoning_of(message)),
        tool_calls=calls.made(),
        finish_reason=name_of(choice.get("finish_reason")),
    )


def native(body: object, base: Exchange) -> Exchange:
    """An answer of Ollama's own `/api/chat`, not streamed; durations there are nanoseconds. Raises Malformed."""
    if not isinstance(body, dict):
        raise Malformed("the answer is not a JSON object")
    refusal = error_text(body)
    if refusal:
        return msgspec.structs.replace(base, error=refusal)
    message = body.get("message")
    if not isinstance(message, dict):
        raise Malformed("the answer holds no message")
    calls = Calls()
    calls.add(message)
    prompt, out = count(body.get("prompt_eval_count")), count(body.get("eval_count"))
    load = number(body.get("load_duration"))
    return msgspec.structs.replace(
        base,
        content=clean(text_of(message.get("content"))),
        reasoning=clean(reasoning_of(message)),
        tool_calls=calls.made(),
        finish_reason=name_of(body.get("done_reason")),
        prompt_tokens=prompt,
        completion_tokens=out,
        prompt_tok_s=rate(prompt, number(body.get("prompt_eval_duration"))),
        decode_tok_s=rate(out, number(body.get("eval_duration"))),
        load_s=None if load is None else load * NANOSECOND,
    )


class Calls:
    """Tool calls put together from whole messages or stream deltas.

    A new id starts a new call even where the index repeats, and an index is kept as it came.
    """

    def __init__(self) -> None:
        self._parts: list[dict[str, Any]] = []

    def add(self, message: dict[str, Any]) -> None:
        """Take in `tool_calls` (or the older `function_call`) of a message or a delta."""
        calls = message.get("tool_calls")
        if isinstance(calls, dict):
            calls = [calls]
        if not isinstance(calls, list):
            old = message.get("function_call")
            calls = [{"function": old}] if isinstance(old, dict) else []
        for call in calls:
            if isinstance(call, dict):
                self._take(call)

    def _take(self, call: dict[str, Any]) -> None:
        function = call.get("function")
        if not isinstance(function, dict):
            function = call
        index = count(call.get("index", function.get("index")))
        part = self._part(index, name_of(call.get("id")), name_of(function.get("name")))
        if part is None:
            return
        part["name"] = part["name"] or name_of(function.get("name"))
        arguments = function.get("arguments")
        if isinstance(arguments, str):
            part["type"] = "string"
            part["text"] = (part["text"] + arguments)[:MAX_TEXT]
        elif arguments is not None:
            part["type"] = "object"
            part["text"] = json.dumps(arguments, ensure_ascii=False)[:MAX_TEXT]

    def _part(self, index: int | None, call_id: str, name: str) -> dict[str, Any] | None:
        """The call that a delta belongs to, a new one when it begins one; None above the cap."""
        same = [p for p in self._parts if index is None or p["index"] == index]
        if same and (call_id in {"", same[-1]["id"]}) and not (not call_id and name and same[-1]["name"]):
            return same[-1]
        if len(self._parts) >= MAX_CALLS:
            return None
        self._parts.append({"index": index, "id": call_id, "name": name, "text": "", "type": "missing"})
        return self._parts[-1]

    def made(self) -> tuple[ToolCall, ...]:
        """The calls as facts, in the order in which they began."""
        return tuple(
            ToolCall(
                name=p["name"],
                arguments=clean(p["text"]),
                arguments_type=p["type"],
                id=p["id"],
                index=p["index"],
            )
            for p in self._parts
        )


class Stream:
    """Server-sent events of a streamed answer, taken line by line."""

    def __init__(self, base: Exchange) -> None:
        self._base = base
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls = Calls()
        self._plain: list[bytes] = []  # lines that are no events: a server that ignores `stream` answers in one piece
        self.chunks = 0
        self.done = False
        self._finish = ""
        self._error = ""

    def take(self, line: bytes) -> bool:
        """Read one line. True when it carried text of the answer (or of its reasoning, or a tool call)."""
        line = line.strip()
        if not line or line.startswith((b":", b"event:", b"id:", b"retry:")):
            return False
        if line.startswith(b"error:"):
            self._error = error_text(decode(line[6:])) or "the stream ended with an error"
            return False
        if not line.startswith(b"data:"):
            self._plain.append(line)
            return False
        data = line[5:].strip()
        if data == b"[DONE]":
            self.done = True
            return False
        event = decode(data)
        return isinstance(event, dict) and self._event(event)

    def _event(self, event: dict[str, Any]) -> bool:
        self._error = self._error or error_text(event)
        self._base = with_usage(self._base, event)
        choice = first(event.get("choices"))
        self._finish = name_of(choice.get("finish_reason")) or self._finish
        delta = choice.get("delta", choice.get("message"))
        if not isinstance(delta, dict):
            return False
        content, reasoning = text_of(delta.get("content")), reasoning_of(delta)
        self._content.append(content)
        self._reasoning.append(reasoning)
        self._calls.add(delta)
        carried = bool(content or reasoning or delta.get("tool_calls"))
        self.chunks += carried
        return carried

    def exchange(self) -> Exchange:
        """What has arrived so far. Raises Malformed when nothing of it was a chat answer."""
        if self._plain and not self.chunks and not self.done:
            return whole(decode(b"\n".join(self._plain)), self._base)
        return msgspec.structs.replace(
            self._base,
            content=clean("".join(self._content)),
            reasoning=clean("".join(self._reasoning)),
            tool_calls=self._calls.made(),
            finish_reason=self._finish,
            chunks=self.chunks,
            error=self._error,
        )


def with_usage(base: Exchange, body: dict[str, Any]) -> Exchange:
    """The exchange with the token counts and speeds that this piece of an answer reports."""
    usage, timings, stats = section(body, "usage"), section(body, "timings"), section(body, "stats")
    if not (usage or timings or stats):
        return base
    details = section(usage, "prompt_tokens_details")
    known = {
        "prompt_tokens": count(usage.get("prompt_tokens")),
        "completion_tokens": count(usage.get("completion_tokens")),
        "cached_tokens": first_known(count(details.get("cached_tokens")), count(timings.get("cache_n"))),
        "prompt_tok_s": number(timings.get("prompt_per_second")),
        "decode_tok_s": first_known(
            number(timings.get("predicted_per_second")), number(stats.get("tokens_per_second"))
        ),
        "draft_tokens": count(timings.get("draft_n")),
        "draft_accepted": count(timings.get("draft_n_accepted")),
    }
    return msgspec.structs.replace(base, **{name: value for name, value in known.items() if value is not None})


def error_text(body: object) -> str:
    """The words of an error in any of the usual shapes, cleaned; "" when there is none."""
    if not isinstance(body, dict):
        return ""
    error = body.get("error")
    if body.get("object") == "error" and not error:
        error = body.get("message")
    if error is None and "choices" not in body and "message" not in body:
        error = body.get("detail")
    if isinstance(error, dict):
        error = error.get("message") or json.dumps(error)
    if isinstance(error, str) and error.startswith('{"error"'):
        # Ollama passes the inner server's JSON through as a string
        try:
            return error_text(decode(error)) or one_line(error, ERROR_CHARACTERS)
        except Malformed:
            return one_line(error, ERROR_CHARACTERS)
    return one_line(error if isinstance(error, str) else json.dumps(error), ERROR_CHARACTERS) if error else ""


def text_of(content: object) -> str:
    """Text of a `content` field: a string, or a list of parts; anything else is no text."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        parts = [p.get("text") for p in content if isinstance(p, dict) and p.get("type") in {"text", "output_text"}]
        return "".join(p for p in parts if isinstance(p, str))
    return ""


def reasoning_of(message: dict[str, Any]) -> str:
    """The hidden thinking in any of its field names; a server that sends two sends the same text twice."""
    for field in ("reasoning_content", "reasoning", "thinking"):
        value = message.get(field)
        if isinstance(value, str) and value:
            return value
    return ""


def clean(text: str) -> str:
    """Text that can be saved: cut to size, lone surrogates replaced."""
    return text[:MAX_TEXT].encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def first(choices: object) -> dict[str, Any]:
    """The first choice, empty when there is none."""
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        return choices[0]
    return {}


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A nested object, empty when it is missing or something else."""
    value = body.get(name)
    return value if isinstance(value, dict) else {}


def name_of(value: object) -> str:
    """A short identifier, "" when it is not text."""
    return clean(value[:200]) if isinstance(value, str) else ""


def count(value: object) -> int | None:
    """A count of tokens; None when it is not a sane one."""
    known = number(value)
    return int(known) if known is not None and known <= MAX_COUNT else None


def number(value: object) -> float | None:
    """A finite number that is not negative; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        known = float(value)
    except OverflowError:
        return None
    return known if math.isfinite(known) and known >= 0 else None


def rate(tokens: int | None, duration_ns: float | None) -> float | None:
    """Tokens per second."""
    return tokens / (duration_ns * NANOSECOND) if tokens and duration_ns else None


def first_known(*values: "float | None") -> "float | None":
    """The first value that is there."""
    return next((value for value in values if value is not None), None)
