"""A façade: a plain OpenAI-compatible server whose answers a function makes; tokens are three for two words."""

import contextlib
import json
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

from doctor.context import Context
from doctor.facts import Echo, Exchange, Fact, WarmUp
from doctor.model import Depth
from doctor.ward.wire import Reply, Request, json_reply, listening
from tests.collect.probes.asking import context_for

Answering = Callable[[dict[str, Any]], Any]  # a body, (status, body) or a whole reply
SANE = Exchange(purpose="given", status=200, content="The line came back.")
GIVEN = (WarmUp(first=SANE), Echo(expected="x", exchange=SANE, similarity=1.0))


@contextlib.asynccontextmanager
async def asked(
    answering: Answering, *facts: Fact, runtime: str = "openai", depth: Depth = Depth.QUICK
) -> AsyncIterator[Context]:
    """A context whose probes ask this façade; model and plain text are warm and sane unless `facts` say otherwise."""

    async def handle(request: Request) -> Reply:
        found = answering(json.loads(request.body or b"{}") | {"_path": request.path})
        if isinstance(found, Reply):
            return found
        status, body = found if isinstance(found, tuple) else (200, found)
        return json_reply(body, status)

    given = {type(fact): fact for fact in (*GIVEN, *facts)}
    async with (
        listening(handle) as url,
        context_for(url, *given.values(), runtime=runtime, depth=depth) as context,
    ):
        yield context


def tokens(text: str) -> int:
    """What this façade counts."""
    return len(text.split()) * 3 // 2


def reply(content: str = "", *, prompt_tokens: int | None = None, finish: str = "stop", **message: object) -> dict:
    """A chat answer."""
    usage = {} if prompt_tokens is None else {"prompt_tokens": prompt_tokens, "completion_tokens": len(content.split())}
    return {
        "choices": [
            {"index": 0, "finish_reason": finish, "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": usage,
    }


def events(*deltas: dict[str, Any], finish: str = "stop") -> Reply:
    """A streamed answer: an event for each delta, one with the finish reason, and the end."""
    choices = [{"index": 0, "delta": delta, "finish_reason": None} for delta in deltas]
    lines = [
        json.dumps({"choices": [choice]}) for choice in [*choices, {"index": 0, "delta": {}, "finish_reason": finish}]
    ]
    text = "".join(f"data: {line}\n\n" for line in [*lines, "[DONE]"])
    return Reply(headers={"content-type": "text/event-stream"}, body=text.encode())


def codes_in(text: str) -> str:
    """The answer of a model that finds every code in what it sees."""
    return "\n".join(f"{colour}={code}" for colour, code in re.findall(r"The code for (\w+) door is (\d+)\.", text))


def last(text: str, count: int) -> str:
    """The end of a text, this many tokens long."""
    return " ".join(text.split()[-(count * 2 // 3) :])


def sent(body: dict[str, Any]) -> str:
    """The text of the last message."""
    return body["messages"][-1]["content"]


def call(name: str, arguments: object, *, index: int = 0) -> dict[str, Any]:
    """A tool call as it stands in a message; arguments of another type than text are sent as they are."""
    return {"id": f"c{index}", "type": "function", "function": {"name": name, "arguments": arguments}}
