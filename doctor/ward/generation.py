"""One generation on the engine behind a façade: render, tokenise, cut, complete, and read the raw text.

The façade's runtime has its own template runner and its own parsers, so the engine's raw `/completion` is used; what a
fault cuts or leaves unparsed is really cut and really unparsed.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import AsyncGenerator
from typing import Any, cast

import msgspec

from doctor.errors import Refused, Unreachable
from doctor.http import Client, decode_json

DEADLINE_S = 300.0
KEPT_TOKENS = 4  # Ollama's num_keep: so many tokens stay at the head when the middle is cut
PRESCRIBED_TOK_S, PRESCRIBED_PIECES = 400.0, 8  # of an answer that a fault prescribes
HEADER_TOKENS = 12  # of the patient's template: the end of the question and the opened answer
CALL = re.compile(r"<tool_call>\s*(\{.*?\})\s*</tool_call>", re.DOTALL)


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What a client wants generated; `prompt` is raw text, instead of `messages`."""

    messages: list[dict[str, Any]] = []
    prompt: str = ""
    tools: list[dict[str, Any]] = []
    thinking: bool = False
    options: dict[str, Any] = {}  # sampling fields, in the engine's names
    schema: dict[str, Any] | None = None
    openai: bool = False  # asked on the OpenAI route


class Counts(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens and seconds of one generation, as measured; `cached` of the prompt were not computed again."""

    prompt_tokens: int
    cached: int = 0
    prompt_s: float
    answer_tokens: int
    answer_s: float
    ended: str  # "stop" or "length"


class Piece(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the answer, `thought` or visible `text`; the last one carries the counts and nothing else."""

    text: str = ""
    thought: str = ""
    counts: Counts | None = None


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What the façade does to a prompt and to the speed.

    A prompt of more than `longest` tokens is cut to `cut_to`; 0 = as it is. `lost` says which part falls.
    `tok_s` paces the answer; 0 = as it comes.
    With `keep_tags` a thought is not told from the answer and stays in the text, tags included.
    """

    longest: int = 0
    cut_to: int = 0
    lost: str = "front"  # "front", "middle" or "tail"
    tok_s: float = 0.0
    keep_tags: bool = False


async def pieces(client: Client, wanted: Wanted, limits: Limits) -> AsyncGenerator[Piece]:
    """The answer as it is generated. Raises Refused with the engine's own error."""
    prompt = wanted.prompt or await rendered(client, wanted)
    tokens = cut(await tokenized(client, prompt), limits)
    body = {"prompt": tokens, "stream": True, "return_tokens": True, "cache_prompt": True, **wanted.options}
    if wanted.schema is not None:
        body["json_schema"] = wanted.schema
    thinking = prompt.rstrip().endswith("<think>") and not limits.keep_tags
    count = 0
    began: float | None = None
    clock = asyncio.get_running_loop().time
    lines = cast("AsyncGenerator[bytes]", client.lines("/completion", body, deadline_s=DEADLINE_S))
    async with contextlib.aclosing(lines):
        async for line in lines:
            part = decode_json(line.removeprefix(b"data: "))
            began = clock() if began is None else began
            count += len(part.get("tokens", ()))
            if limits.tok_s:
                await asyncio.sleep(max(0.0, began + count / limits.tok_s - clock()))
            text = part.get("content", "")
            found, thinking = ([Piece(text=text)], False) if limits.keep_tags else _split(text, thinking)
            for piece in found:
                yield piece
            if part.get("stop"):
                yield Piece(counts=_counts(part, limits))


async def text_at_pace(client: Client, text: str, wanted: Wanted, limits: Limits) -> AsyncGenerator[Piece]:
    """A prescribed answer, at the pace and with the counts that generating it would have had."""
    prompt = cut(await tokenized(client, wanted.prompt or await rendered(client, wanted)), limits)
    answer, ended = await tokenized(client, text), "stop"
    most = int(wanted.options.get("n_predict", 0) or 0)
    if 0 < most < len(answer):
        answer, ended = answer[:most], "length"
        text = str((await _asked(client, "/detokenize", {"tokens": answer}))["content"])
    seconds = len(answer) / (limits.tok_s or PRESCRIBED_TOK_S)
    size = max(1, -(-len(text) // PRESCRIBED_PIECES))
    for at in range(0, len(text), size):
        await asyncio.sleep(seconds / PRESCRIBED_PIECES)
        yield Piece(text=text[at : at + size])
    counts = Counts(prompt_tokens=len(prompt), prompt_s=0.0, answer_tokens=len(answer), answer_s=seconds, ended=ended)
    yield Piece(counts=counts)


async def rendered(client: Client, wanted: Wanted) -> str:
    """The prompt as the model's own template makes it."""
    body: dict[str, Any] = {
        "messages": wanted.messages,
        "chat_template_kwargs": {"enable_thinking": wanted.thinking},
    }
    if wanted.tools:
        body["tools"] = wanted.tools
    return str((await _asked(client, "/apply-template", body))["prompt"])


async def tokenized(client: Client, text: str) -> list[int]:
    """Token ids of a text, role markers read as such."""
    body = {"content": text, "add_special": True, "parse_special": True}
    return list((await _asked(client, "/tokenize", body))["tokens"])


async def embedded(client: Client, tokens: list[int]) -> list[float]:
    """The vector of one text."""
    answer = await _asked(client, "/v1/embeddings", {"input": tokens, "model": "engine"})
    return list(answer["data"][0]["embedding"])


def cut(tokens: list[int], limits: Limits) -> list[int]:
    """The prompt as the runtime passes it on when it is too long: without its front, but for a few tokens of the head.

    The middle or the tail fall instead where a patient is made so; the header of the answer then stays at the end.
    """
    if not limits.cut_to or len(tokens) <= limits.longest:
        return tokens
    kept = limits.cut_to
    if limits.lost == "middle":
        return tokens[: kept // 2] + tokens[-(kept - kept // 2) :]
    if limits.lost == "tail":
        return tokens[: kept - HEADER_TOKENS] + tokens[-HEADER_TOKENS:]
    return tokens[:KEPT_TOKENS] + tokens[-(kept - KEPT_TOKENS) :]


def calls_in(text: str) -> tuple[str, list[dict[str, Any]]]:
    """Visible text and the calls that a model of the Hermes family wrote into it; broken ones stay text."""
    found = []
    for match in CALL.finditer(text):
        with contextlib.suppress(json.JSONDecodeError):
            call = json.loads(match.group(1))
            if isinstance(call.get("name"), str):
                found.append({"name": call["name"], "arguments": call.get("arguments", {})})
    return (CALL.sub("", text).strip(), found) if found else (text, found)


def _split(text: str, thinking: bool) -> tuple[list[Piece], bool]:
    """A part of the stream as pieces, and whether a thought is open after it; the tags are single tokens."""
    found: list[Piece] = []
    while text:
        tag = "</think>" if thinking else "<think>"
        before, hit, text = text.partition(tag)
        if before:
            found.append(Piece(thought=before) if thinking else Piece(text=before))
        thinking = thinking != bool(hit)
    return found, thinking


def _counts(part: dict[str, Any], limits: Limits) -> Counts:
    timings = part["timings"]
    answer_tokens = int(part["tokens_predicted"])
    paced_s = answer_tokens / limits.tok_s if limits.tok_s else 0.0
    return Counts(
        prompt_tokens=int(timings["cache_n"]) + int(timings["prompt_n"]),
        cached=int(timings["cache_n"]),
        prompt_s=timings["prompt_ms"] / 1000,
        answer_tokens=answer_tokens,
        answer_s=max(paced_s, timings["predicted_ms"] / 1000),
        ended="length" if part.get("stop_type") == "limit" else "stop",
    )


async def _asked(client: Client, path: str, body: dict[str, Any]) -> Any:  # noqa: ANN401 - JSON of our own engine
    try:
        answer = await client.post(path, body, deadline_s=DEADLINE_S)
    except Unreachable:  # llama.cpp closes an idle connection after five seconds, maybe in this very moment
        answer = await client.post(path, body, deadline_s=DEADLINE_S)
    if answer.status != 200:
        raise Refused(f"the engine answered {answer.status}", answer.status, answer.text())
    return answer.json()
