"""Requests to the server itself: settings of a model, a download, a model unloaded; and those that take them back."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from doctor.errors import Refused, TreatError, Trouble
from doctor.http import Client
from doctor.text import one_line
from doctor.treat.acts import Send

DEADLINE_S = 300.0  # a model that a request loads
DOWNLOAD_S = 12 * 3600.0
PROGRESS_BYTES = 1 << 30  # a line of 100 bytes each 60 ms
STREAMED = ("/api/pull", "/api/create")
GONE = (404, 410)
SHOW_S = 10.0

Progress = Callable[[str], None]


async def possible(act: Send, api_key: str = "") -> None:
    """Raises TreatError when a model of the new name is there already: undoing would take it away."""
    if not act.makes:
        return
    async with Client(act.origin, api_key=api_key) as client:
        try:
            there = await _exists(client, act.makes)
        except Trouble as error:
            raise TreatError(f"the server cannot be asked: {error}; nothing was changed") from error
    if there:
        raise TreatError(
            f"a model called {act.makes} is there already and is not overwritten: use it, or remove it first with: "
            f"ollama rm {act.makes}"
        )


async def sent(act: Send, api_key: str = "", progress: Progress = lambda _: None) -> None:
    """Send the request. Raises TreatError when it is refused."""
    async with Client(act.origin, api_key=api_key) as client:
        try:
            await _ask(client, act.method, act.path, act.body, progress)
        except Trouble as error:
            raise TreatError(f"{act.method} {act.path}: {error}") from error


async def unsent(act: Send, api_key: str = "") -> None:
    """Take the request back; what is gone already is as good. Raises TreatError."""
    if not act.undo_path:
        return
    async with Client(act.origin, api_key=api_key) as client:
        try:
            await _ask(client, act.undo_method, act.undo_path, act.undo_body, lambda _: None)
        except Refused as error:
            if error.status not in GONE:
                raise TreatError(f"{act.undo_method} {act.undo_path}: {error}") from error
        except Trouble as error:
            raise TreatError(f"{act.undo_method} {act.undo_path}: {error}") from error


async def _exists(client: Client, model: str) -> bool:
    """Whether an Ollama has a model of this name; a server that does not say so has none that could be overwritten."""
    answer = await client.post("/api/show", {"model": model}, deadline_s=SHOW_S)
    return answer.status == 200


async def _ask(client: Client, method: str, path: str, body: object, progress: Progress) -> None:
    """Carry out one request. Raises Refused and the other Trouble."""
    if path in STREAMED and method == "POST":
        await _stream(client, path, body, progress)
        return
    answer = await client.send(method, path, body, deadline_s=DEADLINE_S)
    if answer.status >= 400:
        raise Refused(f"the server answered {answer.status}: {one_line(answer.text(), 300)}", answer.status)


async def _stream(client: Client, path: str, body: object, progress: Progress) -> None:
    """A long piece of work whose server says line by line how far it is. Raises Refused for an error among them."""
    last = ""
    wanted: dict[str, Any] = {**body, "stream": True} if isinstance(body, dict) else {}
    async for line in client.lines(path, wanted, deadline_s=DOWNLOAD_S, max_bytes=PROGRESS_BYTES):
        try:
            said = msgspec.json.decode(line)
        except msgspec.DecodeError:
            continue
        if not isinstance(said, dict):
            continue
        if said.get("error"):
            raise Refused(one_line(str(said["error"]), 300), 500)
        last = one_line(str(said.get("status", "")), 80)
        progress(last + _share(said))
        await asyncio.sleep(0)
    if last != "success":
        raise Refused(f"the server did not say that it was done, but {last or 'nothing'}", 500)


def _share(said: dict[str, Any]) -> str:
    done, total = said.get("completed"), said.get("total")
    if not isinstance(done, int) or not isinstance(total, int) or total <= 0:
        return ""
    return f" {min(done, total) * 100 // total} %"
