"""The context of one target while it is examined: a server, or an index with the servers that belong to it."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Sequence
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec

from doctor.collect import index_collectors, target_collectors
from doctor.context import CHAT, EMBEDDER, Budget, Context, Target
from doctor.discover import discover, is_local, parse_target
from doctor.errors import DoctorError, Skip, UsageError
from doctor.facts import Models
from doctor.index_wish import IndexWish
from doctor.model import Depth
from doctor.retrieval.families import family_of

if TYPE_CHECKING:
    from doctor.http import Client
    from doctor.stores.index import OpenIndex


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
            shared.peers.update(await _peers(await _completed(target.index), shared))
        for peer in shared.peers.values():
            peer.budget = shared.budget
        context = Context(
            target, shared.depth, index_collectors(), host=shared.host, budget=shared.budget, peers=shared.peers
        )
        stack.push_async_callback(context.close)
        yield context


def _client(target: Target) -> "Client":
    """Its library, and the certificate store for https, take too long to read for a loop that draws a screen."""
    from doctor.http import Client

    return Client(origin(target.url), api_key=target.api_key)


async def _server(target: Target, shared: Shared, stack: contextlib.AsyncExitStack) -> Context:
    client = await stack.enter_async_context(await asyncio.to_thread(_client, target))
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


async def _completed(index: "OpenIndex") -> IndexWish:
    """What the user said, and where nothing was said, what the index or its owner's settings say."""
    recorded = index.found.recorded
    with contextlib.suppress(DoctorError):
        described = (await index.described()).recorded
        recorded = described if described.model else recorded
    wish = index.wish
    changes: dict[str, str] = {}
    if not wish.embedder_url and recorded.url:
        with contextlib.suppress(UsageError):
            url = parse_target(recorded.url, origin=recorded.by).url
            # An index may come from somebody else: it does not decide about hosts outside this network.
            changes |= {"embedder_url": url} if is_local(urlsplit(url).hostname or "") else {}
    if not wish.embed_model and recorded.model:
        changes["recorded_model"] = recorded.model
    return msgspec.structs.replace(wish, **changes)


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
        named = Target(url=wish.embedder_url, model=wish.embed_model, api_key=wish.api_key)
        return await _with_model(named, wish, shared)
    for found in await discover(os.environ):
        context = await _with_model(msgspec.structs.replace(found, model=wish.embed_model), wish, shared)
        with contextlib.suppress(Skip, DoctorError):
            models = await context.fact(Models)
            if models.embedding or (models.requested and models.requested_exists):
                return context
    return None


async def _with_model(target: Target, wish: IndexWish, shared: Shared) -> Context:
    """The server, asked for the model that the index was made with where it has that and nobody named another."""
    context = await _server(target, shared, shared.stack)
    if not wish.recorded_model:
        return context
    with contextlib.suppress(Skip, DoctorError):
        name = same_model(wish.recorded_model, (await context.fact(Models)).names)
        if name:
            return await _server(msgspec.structs.replace(target, model=name), shared, shared.stack)
    return context


def same_model(recorded: str, names: Sequence[str]) -> str:
    """The name on a server of the model that an index names: the same without its owner, else one of its family."""
    short = recorded.rpartition("/")[2].casefold()
    same = (name for name in names if name.casefold() in {recorded.casefold(), short, f"{short}:latest"})
    family = family_of(recorded)
    kin = (name for name in names if family is not None and family_of(name) == family)
    return next(same, None) or next(kin, "")


def origin(url: str) -> str:
    """Scheme, host and port of a URL: what a client may talk to."""
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"
