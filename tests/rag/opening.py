"""The diagnosis of an index as the command runs it: opened, examined with an embedder on loopback, and let go."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

from doctor.context import Budget, Context, Target
from doctor.index_wish import IndexWish
from doctor.model import Depth, Report
from doctor.runner import RunPlan, run
from doctor.stores import opened
from doctor.stores.index import OpenIndex
from doctor.stores.worker import Worker
from doctor.visit import Shared, visiting
from tests.rag.indexes import Place


@contextlib.asynccontextmanager
async def opened_index(place: Place, wish: IndexWish, collection: str = "docs") -> AsyncIterator[OpenIndex]:
    """One collection, open for the time of the block."""
    worker = Worker()
    found = await worker.call(lambda: opened(*place))
    try:
        yield OpenIndex(found, worker, collection, wish)
    finally:
        await worker.call(found.store.close)
        worker.end()


@contextlib.asynccontextmanager
async def asked(
    place: Place, url: str = "", *, depth: Depth = Depth.QUICK, collection: str = "docs", **said
) -> AsyncIterator[Context]:
    """A context that collects facts of the index, with the embedder at `url`."""
    wish = IndexWish(embedder_url=url, **said)
    async with contextlib.AsyncExitStack() as stack:
        index = await stack.enter_async_context(opened_index(place, wish, collection))
        shared = Shared(
            depth=depth,
            host=Context(Target(url="", named=False), depth, {}),
            budget=Budget(requests=10_000, output_tokens=100_000, deadline_s=600),
            model_lock=asyncio.Lock(),
            peers={},
            stack=stack,
        )
        target = Target(url=f"test:{place[0]}", origin="rag", index=index)
        yield await stack.enter_async_context(visiting(target, shared))


async def diagnosed(
    place: Place, url: str = "", *, depth: Depth = Depth.QUICK, collection: str = "docs", skip=(), **said
) -> Report:
    """The report of a whole run."""
    async with opened_index(place, IndexWish(embedder_url=url, **said), collection) as index:
        target = Target(url=f"{index.found.store.kind}:{place[0]}#{collection}", origin="rag", index=index)
        return await run(RunPlan(targets=(target,), depth=depth, skip=skip, deadline_s=600), lambda _: None)
