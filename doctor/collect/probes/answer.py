"""An answer as it came over the wire, read into an `Exchange`; wrong shapes are kept, never trusted.

Fields read: OpenAI chat completions (whole and streamed), the extras of llama.cpp (`timings`), Ollama and vLLM
(`reasoning`), DeepSeek style (`reasoning_content`), LM Studio (`stats`), and Ollama's own `/api/chat`.
"""

import json
from typing import Any

import msgspec

from doctor.collect.probes.calls import Calls, CallsByIndex
from doctor.collect.probes.values import (
    NANOSECOND,
    clean,
    count,
    first,
    first_known,
    name_of,
    number,
    rate,
    section,
)
from doctor.errors import Malformed
from doctor.facts import Exchange
from doctor.http import MAX_JSON_CONTAINERS
from doctor.text import one_line

ERROR_CHARACTERS = 300


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


class Stream:
    """Server-sent events of a streamed answer, taken line by line."""

    def __init__(self, base: Exchange) -> None:
        self._base = base
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls = Calls()
        self._by_index = CallsByIndex()
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
        self._by_index.add(delta)
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
            calls_by_index=self._by_index.made(),
            finish_reason=self._finish,
            chunks=self.chunks,
            error=self._error,
        )


class NativeStream:
    """Lines of JSON of Ollama's streamed `/api/chat`, taken one by one; the last one has the counters."""

    def __init__(self, base: Exchange) -> None:
        self._base = base
        self._content: list[str] = []
        self._reasoning: list[str] = []
        self._calls = Calls()
        self._chunks = 0

    def take(self, line: bytes) -> None:
        """Read one line. Raises Malformed."""
        if not line.strip():
            return
        body = decode(line)
        if not isinstance(body, dict):
            raise Malformed("a line of the answer is not a JSON object")
        message = section(body, "message")
        self._content.append(text_of(message.get("content")))
        self._reasoning.append(reasoning_of(message))
        self._calls.add(message)
        self._chunks += bool(self._content[-1] or self._reasoning[-1] or message.get("tool_calls"))
        if body.get("done") or body.get("error"):
            self._base = native({"message": {}, **body}, self._base)

    def exchange(self) -> Exchange:
        """What has arrived so far."""
        return msgspec.structs.replace(
            self._base,
            content=clean("".join(self._content)),
            reasoning=clean("".join(self._reasoning)),
            tool_calls=self._calls.made(),
            chunks=self._chunks,
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
