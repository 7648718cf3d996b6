"""The context of one target while it is examined: a server, or an index with the servers that belong to it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

import msgspec

from doctor.collect import index_collectors, target_collectors
from doctor.context import CHAT, EMBEDDER, Budget, Context, Target
from doctor.errors import DoctorError, Skip
from doctor.facts import Models
from doctor.index_wish import IndexWish
from doctor.model import Depth


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What the targets of a run share. `peers` and `stack` hold the servers of an index until the run is over."""

    depth: Depth
    host: Context
    budget: Budget
    model_lock: asyncio.Lock
    peers: dict[str, Context]
    stack: contextlib.AsyncExitStack


@contextlib.asynccontextmanager
async def visiting(target: Target, shared: Shared) -> AsyncIterator[Context]:
    """The target's context; its connections are closed at the end."""
    async with contextlib.AsyncExitStack() as stack:
        if target.index is None:
            yield await _server(target, shared, stack)
            return
        if not shared.peers:
            shared.peers.update(await _peers(target.index.wish, shared))
        for peer in shared.peers.values():
            peer.budget = shared.budget
        context = Context(
            target, shared.depth, index_collectors(), host=shared.host, budget=shared.budget, peers=shared.peers
        )
        stack.push_async_callback(context.close)
        yield context


async def _server(target: Target, shared: Shared, stack: contextlib.AsyncExitStack) -> Context:
    from doctor.http import Client

    client = await stack.enter_async_context(Client(origin(target.url), api_key=target.api_key))
    context = Context(
        target,
        shared.depth,
        target_collectors(),
        host=shared.host,
        http=client,
        budget=shared.budget,
        model_lock=shared.model_lock,
    )
    stack.push_async_callback(context.close)
    return context


async def _peers(wish: IndexWish, shared: Shared) -> dict[str, Context]:
    """The servers of an index: the one that embeds, and the one that answers."""
    peers: dict[str, Context] = {}
    embedder = await _embedder(wish, shared)
    if embedder is not None:
        peers[EMBEDDER] = embedder
    chat_url = wish.chat_url or (embedder.target.url if embedder else "")
    if chat_url:
        chat = Target(url=chat_url, model=wish.chat_model, api_key=wish.api_key)
        peers[CHAT] = await _server(chat, shared, shared.stack)
    return peers


async def _embedder(wish: IndexWish, shared: Shared) -> Context | None:
    """The server that embeds: the named one, else the first found on this machine that has an embedding model."""
    if wish.embedder_url:
        target = Target(url=wish.embedder_url, model=wish.embed_model, api_key=wish.api_key)
        return await _server(target, shared, shared.stack)
    from doctor.discover import discover

    for found in await discover(os.environ):
        context = await _server(msgspec.structs.replace(found, model=wish.embed_model), shared, shared.stack)
        with contextlib.suppress(Skip, DoctorError):
            models = await context.fact(Models)
            if models.embedding or (wish.embed_model and models.requested_exists):
                return context
    return None


def origin(url: str) -> str:
    """Scheme, host and port of a URL: what a client may talk to."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"
