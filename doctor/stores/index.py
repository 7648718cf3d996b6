"""One collection of an opened store as the collectors use it: what is read once is kept, calls wait in one thread.

Texts of chunks and questions stay here. They are shown on the user's own terminal and never enter a fact.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar, cast

import msgspec

from doctor.errors import Skip, StoreError
from doctor.index_wish import IndexWish
from doctor.stores.exhaustive import search
from doctor.stores.opening import Found
from doctor.stores.store import Chunk, Described, Store, Vector
from doctor.stores.worker import Worker

T = TypeVar("T")


class OpenIndex:
    """A collection of an opened store, and what the user said about it."""

    def __init__(self, found: Found, worker: Worker, collection: str, wish: IndexWish) -> None:
        self.found = found
        self.collection = collection
        self.wish = wish
        self.rows: dict[str, Chunk] = {}  # by id, what was read so far, without vectors
        self.questions: list[str] = []
        self._worker = worker
        self._once: dict[str, asyncio.Task[object]] = {}

    @property
    def title(self) -> str:
        """The name that people gave the collection, "" when its own is all there is."""
        return self.found.titles.get(self.collection, "")

    async def call(self, work: Callable[[Store], T]) -> T:
        """Work on the store in its thread. Raises StoreError."""
        return await self._worker.call(lambda: work(self.found.store))

    async def described(self) -> Described:
        """The store's description of the collection, read once. Raises StoreError."""
        return await self.once("described", lambda: self.call(lambda store: store.describe(self.collection)))

    async def sample(self) -> tuple[Chunk, ...]:
        """The sampled chunks, the same for all who ask. Raises StoreError, or Skip when the collection is empty."""

        async def read() -> tuple[Chunk, ...]:
            wish = self.wish
            chunks = await self.call(lambda store: store.sample(self.collection, wish.seed, wish.sample))
            self.rows |= {chunk.id: msgspec.structs.replace(chunk, vector=None) for chunk in chunks}
            return chunks

        chunks = await self.once("sample", read)
        if not chunks:
            raise Skip("the collection is empty")
        return chunks

    async def search(self, vectors: Sequence[Vector], k: int) -> list[tuple[str, ...]]:
        """Ids of the nearest rows for each vector, as the index finds them. Raises StoreError."""
        return await self.call(lambda store: search(store, self.collection, vectors, k))

    async def fetched(self, ids: Iterable[str]) -> dict[str, Chunk]:
        """Rows by id, without vectors; those that are not there are left out. Raises StoreError."""
        wanted = list(dict.fromkeys(ids))
        missing = [id_ for id_ in wanted if id_ not in self.rows]
        if missing:
            chunks = await self.call(lambda store: store.fetch(self.collection, missing))
            self.rows |= {chunk.id: chunk for chunk in chunks}
        return {id_: self.rows[id_] for id_ in wanted if id_ in self.rows}

    async def once(self, name: str, work: Callable[[], Awaitable[T]]) -> T:
        """The result of `work`, which is done at most once under this name."""
        if name not in self._once:
            self._once[name] = asyncio.ensure_future(_awaited(work))
        task = self._once[name]
        await asyncio.wait({task})
        return cast("T", task.result())


async def _awaited(work: Callable[[], Awaitable[T]]) -> T:
    return await work()


def collections_of(found: Found, wanted: Sequence[str]) -> tuple[str, ...]:
    """The collections to examine, by name or title; all of them when none is named. Raises StoreError."""
    names = found.store.collections()
    if not names:
        raise StoreError(f"the index at {found.store.place} has no collections")
    titles = {title: name for name, title in found.titles.items() if name in names}
    chosen = []
    for word in wanted:
        name = word if word in names else titles.get(word)
        if name is None:
            shown = ", ".join(sorted({*titles, *names})[:20])
            raise StoreError(f"there is no collection {word!r}; there are: {shown}")
        chosen.append(name)
    return tuple(dict.fromkeys(chosen)) or names
