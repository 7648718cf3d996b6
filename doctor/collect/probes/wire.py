"""How a question goes over the wire of the OpenAI route, through the client that users' programs use."""

import asyncio
import json
import os
import time
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import httpx2
import msgspec

from doctor.collect.probes.answer import Stream, decode, error_text, whole
from doctor.context import Context
from doctor.errors import Malformed, TooLate, Trouble, Unreachable
from doctor.facts import Exchange
from doctor.text import one_line
from doctor.transport import HOW, how_it_broke

if TYPE_CHECKING:
    import openai

CHAT = "/chat/completions"
MAX_REMEMBERED = 8000  # characters of a request that a report keeps, enough for every probe but the long texts


class StaleConnection(Unreachable):
    """The server closed the connection without a byte of an answer."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it will be sent, and the values of its `Exchange` that are known before the answer."""

    url: str
    body: dict[str, Any]
    base: Exchange
    stop_after_s: float | None = None


async def send(context: Context, question: Question) -> Exchange:
    """One request through the OpenAI client; again when an idle connection turned out to be closed. Raises Trouble."""
    try:
        return await send_once(context, question)
    except StaleConnection:
        # Servers close idle connections after some seconds (llama.cpp: 5), sometimes just as the next request goes out.
        return await send_once(context, question)


async def send_once(context: Context, question: Question) -> Exchange:
    """One request through the OpenAI client, its answer read raw. Raises the Trouble family."""
    question = msgspec.structs.replace(question, base=remembering(question.base, question.body))
    sdk = await asyncio.to_thread(load_openai)  # half a second: not on the loop that paints the screen
    client = openai_client(sdk, context, question.url)
    create = client.chat.completions.with_streaming_response.create
    began = time.perf_counter()
    try:
        # The whole body goes through `extra_body`: the client's types would refuse what some servers need.
        async with create(
            model=question.body["model"],
            messages=[],
            stream=question.base.streamed,
            extra_body=question.body,
            extra_headers={} if context.target.api_key else {"Authorization": sdk.Omit()},
        ) as response:
            answer = await read(response.iter_bytes(), question, began)
    except sdk.APIStatusError as error:
        return refused(question.base, error.status_code, error.response.text, time.perf_counter() - began)
    except (sdk.OpenAIError, httpx2.HTTPError, httpx2.StreamError) as error:
        raise translated(error) from error
    return msgspec.structs.replace(answer, total_s=time.perf_counter() - began)


def load_openai() -> Any:  # noqa: ANN401 - a module, imported only where a model is asked
    """The OpenAI client library, with the part that it would import itself at the first question."""
    import openai
    import openai.resources.chat

    return openai


def openai_client(sdk: Any, context: Context, url: str) -> "openai.AsyncOpenAI":  # noqa: ANN401
    """A client without retries and without anything that this shell's OPENAI_* variables would add."""
    custom = [line.partition(":")[0].strip() for line in os.environ.get("OPENAI_CUSTOM_HEADERS", "").splitlines()]
    headers = dict.fromkeys(["OpenAI-Organization", "OpenAI-Project", *filter(None, custom)], sdk.Omit())
    client: openai.AsyncOpenAI = sdk.AsyncOpenAI(
        base_url=url,
        api_key=context.target.api_key or "none",
        http_client=context.http.for_openai(),
        max_retries=0,
        default_headers=headers,
    )
    return client


async def read(pieces: AsyncIterator[bytes], question: Question, began: float) -> Exchange:
    """The answer's bytes as an `Exchange`; a stream is cut at `stop_after_s` once something has come."""
    if not question.base.streamed:
        return whole(decode(b"".join([piece async for piece in pieces])), question.base)
    stream = Stream(question.base)
    first_s = last_s = None
    stopped = False
    try:
        async with asyncio.timeout(None) as limit:
            async for line in lines(pieces):
                if not stream.take(line):
                    continue
                last_s = time.perf_counter() - began
                if first_s is None:
                    first_s = last_s
                    if question.stop_after_s is not None:
                        limit.reschedule(asyncio.get_running_loop().time() + max(0.0, question.stop_after_s - first_s))
    except TimeoutError:
        stopped = True
    return msgspec.structs.replace(stream.exchange(), first_token_s=first_s, last_token_s=last_s, stopped_early=stopped)


async def lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """Bytes cut at line feeds only: a decoder of text lines would also cut at U+2028 inside an answer."""
    rest: list[bytes] = []  # pieces of an unfinished line; joined once, so that a huge line costs no more than its size
    async for piece in pieces:
        head, *ready = piece.split(b"\n")
        rest.append(head)
        for line in ready:
            yield b"".join(rest)
            rest = [line]
    yield b"".join(rest)


def remembering(base: Exchange, body: dict[str, Any]) -> Exchange:
    """The exchange with the body that was sent, unless that is long."""
    text = json.dumps(body, ensure_ascii=False)
    return msgspec.structs.replace(base, request=text) if len(text) <= MAX_REMEMBERED else base


def refused(base: Exchange, status: int, body: str, seconds: float) -> Exchange:
    """The exchange of an HTTP status that says no, with the server's own words."""
    words = ""
    if body.lstrip().startswith("{"):
        try:
            words = error_text(decode(body))
        except Malformed:
            words = ""
    words = words or one_line(body, 200) or f"HTTP {status} without a word"
    return msgspec.structs.replace(base, status=status, error=words, total_s=seconds)


def translated(error: Exception) -> Trouble:
    """A failure of the client library in this program's words."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None and len(causes) < 10:
        causes.append(cause)
    if any(isinstance(cause, httpx2.TimeoutException | TimeoutError) for cause in causes):
        return TooLate("the model's answer did not come in time")
    strange = (httpx2.DecodingError, httpx2.RemoteProtocolError, httpx2.UnsupportedProtocol)
    for cause in causes:
        if isinstance(cause, strange) and "disconnected" not in str(cause) and "closed connection" not in str(cause):
            return Malformed(f"the answer cannot be read: {one_line(str(cause), 100)}")
    if any("disconnected without sending" in str(cause) for cause in causes):
        return StaleConnection("the server closed the connection without an answer", "reset")
    how = how_it_broke(error)
    return Unreachable(f"{HOW[how]} while the model was asked", how)
