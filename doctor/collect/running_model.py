"""The file of a model that a runtime on this machine serves under a name."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from doctor.collect import host_collectors, target_collectors
from doctor.collect.model_locations import from_option, locate, ollama
from doctor.context import Context, Target
from doctor.discover import discover
from doctor.errors import Skip, UsageError
from doctor.facts import Identity, ModelCard, Models, ServerProcess
from doctor.http import Client
from doctor.model import Depth
from doctor.text import one_line

MODEL_OPTIONS = ("-m", "--model", "--model-path")
DEADLINE_S = 20.0


def find_running(name: str, hint: str = "") -> Path:
    """The file of the model that a server here calls by this name.

    Raises UsageError when there is none; `hint` stands at its end.
    """
    return asyncio.run(asyncio.wait_for(_find(name, os.environ, hint), DEADLINE_S))


async def _find(name: str, environment: Mapping[str, str], hint: str) -> Path:
    served: list[str] = []
    for target in await discover(environment):
        with contextlib.suppress(Skip):
            async with _asked(target) as context:
                names = (await context.fact(Models)).names
            served += names
            match = next((served_name for served_name in names if name in _spellings(served_name)), None)
            if match is not None:
                async with _asked(target, match) as context:
                    return await file_of(context)
    stored = ollama(name, environment, Path.home())
    if stored:
        return stored
    known = f"; servers here have {', '.join(one_line(n, 60) for n in served[:5])}" if served else ""
    raise UsageError(f"{one_line(name, 120)!r} is neither a file nor a model of a server here{known}{hint}")


def _spellings(served: str) -> set[str]:
    """Names under which a person may mean a served model: as listed, without the folder, tag or ending."""
    last = served.replace("\\", "/").rsplit("/", 1)[-1]
    return {served, served.removesuffix(":latest"), last, last.removesuffix(".gguf")}


@contextlib.asynccontextmanager
async def _asked(target: Target, model: str = "") -> AsyncIterator[Context]:
    """The facts of a server about this model, nothing of which makes it generate."""
    client = Client("/".join(target.url.split("/")[:3]), api_key=target.api_key)
    host = Context(Target(url="", named=False), Depth.PASSIVE, host_collectors())
    asked = Target(url=target.url, model=model, api_key=target.api_key)
    context = Context(asked, Depth.PASSIVE, target_collectors(), host=host, http=client)
    try:
        yield context
    finally:
        await context.close()
        await host.close()
        await client.close()


async def file_of(context: Context) -> Path:
    """The file of the examined model: as the runtime says, as its command line says, or where its store keeps it.

    Raises Skip when the server is elsewhere or the file is not found or may not be read.
    """
    name, named = await _names(context)
    identity = await context.fact(Identity)
    environment: Mapping[str, str] = os.environ
    folder = ""
    process = await _process(context)
    if process is not None:
        if process.tunnel:
            raise Skip("the server runs on another machine")
        environment = {**environment, **process.environment}
        named = named or process.option_anywhere(*MODEL_OPTIONS) or ""
        folder = process.folder
    path = from_option(named, Path(folder or Path.cwd())) or locate(
        name or named, identity.runtime, environment, Path.home()
    )
    if path is None:
        raise Skip("the model's file was not found on this machine")
    if not os.access(path, os.R_OK):
        raise Skip(f"the model's file {path.name} cannot be read by this user")
    return path


async def _names(context: Context) -> tuple[str, str]:
    """The model's name in the runtime's store and the file that the runtime says, each empty where it says none."""
    try:
        card = await context.fact(ModelCard)
    except Skip:
        return "", ""
    return card.name, card.file_path


async def _process(context: Context) -> ServerProcess | None:
    try:
        return await context.fact(ServerProcess)
    except Skip:
        return None
