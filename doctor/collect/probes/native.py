"""Ollama's own route: a question in the OpenAI format translated for `/api/chat`, its answer whole or streamed.

Differences, as read at ollama/ollama@fb307609: sampling stands in `options`, a schema in `format`, thinking is the
switch `think`, arguments of earlier calls are an object, and a stream is a JSON object a line.
"""

import contextlib
import json
import time
from typing import Any

import msgspec

from doctor.collect.probes.answer import NativeStream, decode, native
from doctor.collect.probes.wire import Question, refused, remembering
from doctor.context import Context
from doctor.errors import Refused
from doctor.facts import Exchange

NATIVE_CHAT = "/api/chat"
DEADLINE_S = 600.0  # the caller's own deadline is always shorter
# Sampling fields of /v1 that Ollama's `options` know by the same name.
OPTIONS = ("temperature", "top_p", "seed", "presence_penalty", "frequency_penalty", "stop")


async def send_native(context: Context, question: Question) -> Exchange:
    """The question through Ollama's own route. Raises the Trouble family."""
    body = translated(question)
    base = remembering(msgspec.structs.replace(question.base, route=f"POST {NATIVE_CHAT}"), body)
    began = time.perf_counter()
    answer = await _answered(context, body, base)
    if answer.status == 400 and "think" in answer.error:  # a model that cannot think may not be told whether to
        del body["think"]
        answer = await _answered(context, body, remembering(base, body))
    return msgspec.structs.replace(answer, total_s=time.perf_counter() - began)


async def _answered(context: Context, body: dict[str, Any], base: Exchange) -> Exchange:
    if base.streamed:
        return await _streamed(context, body, base)
    answer = await context.http.post(NATIVE_CHAT, body, deadline_s=DEADLINE_S)
    if answer.status != 200:
        return refused(base, answer.status, answer.text(), 0.0)
    return native(decode(answer.body), base)


async def _streamed(context: Context, body: dict[str, Any], base: Exchange) -> Exchange:
    stream = NativeStream(base)
    try:
        async for line in context.http.lines(NATIVE_CHAT, body, deadline_s=DEADLINE_S):
            stream.take(line)
    except Refused as error:
        return refused(base, error.status, error.body, 0.0)
    return stream.exchange()


def translated(question: Question) -> dict[str, Any]:
    """The body of `/api/chat` for a question in the OpenAI format."""
    asked = question.body
    options = {name: asked[name] for name in OPTIONS if name in asked}
    options |= {"num_predict": question.base.max_tokens, "repeat_penalty": 1.0}
    body: dict[str, Any] = {name: asked[name] for name in ("model", "tools") if name in asked}
    body["messages"] = [native_message(message) for message in asked["messages"]]
    schema = (asked.get("response_format") or {}).get("json_schema", {}).get("schema")
    if schema is not None:
        body["format"] = schema
    thinks = asked.get("reasoning_effort") != "none"
    return body | {"stream": question.base.streamed, "think": thinks, "options": options}


def native_message(message: dict[str, Any]) -> dict[str, Any]:
    """A message with the arguments of its calls as an object; text that is none is left as it is."""
    calls = message.get("tool_calls")
    return {**message, "tool_calls": [_native_call(call) for call in calls]} if calls else message


def _native_call(call: dict[str, Any]) -> dict[str, Any]:
    function = dict(call.get("function") or {})
    with contextlib.suppress(TypeError, ValueError):
        function["arguments"] = json.loads(function.get("arguments", ""))
    return {**call, "function": function}
