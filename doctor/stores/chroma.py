"""Chroma: a persistent folder, read from a private copy, or a Chroma server.

Opening a persistent folder changes its database, so the library only ever sees a copy. Telemetry is off. Facts about
the format: Chroma 1.5, tried; folders of 0.4 and later are brought up to date in the copy by the library itself.
"""

import functools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from doctor.errors import StoreError
from doctor.stores.snapshot import Snapshot
from doctor.stores.store import (
    MAX_IDS,
    TEXTS_AT_ONCE,
    Chunk,
    Described,
    Recorded,
    Vector,
    Where,
    as_vector,
    cut,
    drawn,
    spoken,
)

DATABASE = "chroma.sqlite3"
METRICS = {"cosine": "cosine", "ip": "dot", "l2": "l2"}
DEFAULT_METRIC = "l2"  # of a collection whose creator said nothing (Chroma 1.5)
FETCHED_AT_ONCE = 500


def open_folder(folder: Path) -> "Chroma":
    """A persistent client on a copy of the folder. Raises StoreError."""
    with spoken("Chroma's library could not be loaded"):
        import chromadb
        import chromadb.config
    says = f"Chroma cannot open {folder} (its library is version {chromadb.__version__})"
    with Snapshot(folder).unless_opened() as copy, spoken(says):
        settings = chromadb.config.Settings(anonymized_telemetry=False, allow_reset=False)
        client = chromadb.PersistentClient(str(copy.path), settings=settings)
        client.list_collections()  # a layout that the library does not know shows only now
    return Chroma(client, str(folder), chromadb.__version__, copy)


def open_server(url: str, api_key: str = "") -> "Chroma":
    """A client of a Chroma server. Raises StoreError."""
    with spoken("Chroma's library could not be loaded"):
        import chromadb
        import chromadb.config
    parts = urlsplit(url)
    with spoken(f"the Chroma server at {url} cannot be used"):
        client = chromadb.HttpClient(
            host=parts.hostname or "localhost",
            port=parts.port or (443 if parts.scheme == "https" else 80),
            ssl=parts.scheme == "https",
            headers={"x-chroma-token": api_key, "authorization": f"Bearer {api_key}"} if api_key else None,
            settings=chromadb.config.Settings(anonymized_telemetry=False),
        )
        version = str(client.get_version())
    return Chroma(client, url, version, None)


class Chroma:
    """An opened Chroma; see `Store`."""

    kind = "chroma"

    def __init__(self, client: Any, place: str, version: str, copy: Snapshot | None) -> None:  # noqa: ANN401
        self._client = client
        self.place = place
        self.version = version
        self._copy = copy
        self._collection = functools.cache(self._opened)

    def collections(self) -> tuple[str, ...]:
        """Names of all collections."""
        with spoken("Chroma cannot list its collections"):
            return tuple(sorted(str(getattr(found, "name", found)) for found in self._client.list_collections()))

    def _opened(self, name: str) -> Any:  # noqa: ANN401 - chromadb's Collection
        # Without a function of its own: the recorded one would want packages and keys that nobody needs here.
        with spoken(f"Chroma cannot open the collection {name}"):
            return self._client.get_collection(name, embedding_function=None)

    def describe(self, name: str) -> Described:
        """Count and settings as the collection says them."""
        collection = self._collection(name)
        with spoken(f"Chroma cannot describe the collection {name}"):
            count = int(collection.count())
            settings = _settings(collection)
            hnsw = settings.get("hnsw") or settings.get("spann") or {}
            said = hnsw.get("space") or (collection.metadata or {}).get("hnsw:space")
            first = collection.get(limit=1, include=["embeddings"]) if count else {}
            vectors = first.get("embeddings")
            dimension = len(vectors[0]) if vectors is not None and len(vectors) else None
        return Described(
            name=name,
            count=count,
            dimension=dimension,
            metric=METRICS.get(str(said or DEFAULT_METRIC), ""),
            metric_source="collection" if said else "Chroma's default",
            index="spann" if settings.get("spann") else "hnsw",
            recorded=_recorded(settings),
            text_field="document",
        )

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Rows drawn by position among the ids."""
        with spoken(f"Chroma cannot list the collection {name}"):
            ids = self._collection(name).get(include=[], limit=MAX_IDS)["ids"]
        return self._read(name, [ids[place] for place in drawn(len(ids), seed, n)], vectors=True)

    def _read(self, name: str, ids: Sequence[str], *, vectors: bool) -> tuple[Chunk, ...]:
        include = ["documents", "metadatas", *(["embeddings"] if vectors else [])]
        found: dict[str, Chunk] = {}
        for start in range(0, len(ids), FETCHED_AT_ONCE):
            with spoken(f"Chroma cannot read the collection {name}"):
                some = self._collection(name).get(ids=list(ids[start : start + FETCHED_AT_ONCE]), include=include)
            found |= {chunk.id: chunk for chunk in _chunks(some)}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest ids by Chroma's own index."""
        with spoken(f"Chroma cannot search the collection {name}"):
            found = self._collection(name).query(
                query_embeddings=[vector], n_results=k, include=[], where=_filter(where)
            )
        return tuple(found["ids"][0])

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by id."""
        return self._read(name, ids, vectors=vectors)

    def matching(self, name: str, where: Where) -> int:
        """Rows that a filter leaves, counted up to the bound of a sample."""
        with spoken(f"Chroma cannot filter the collection {name}"):
            return len(self._collection(name).get(where=_filter(where), include=[], limit=MAX_IDS)["ids"])

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Documents in pages."""
        start = 0
        while True:
            with spoken(f"Chroma cannot read the collection {name}"):
                page = self._collection(name).get(limit=TEXTS_AT_ONCE, offset=start, include=["documents"])
            yield from ((i, cut(text)) for i, text in zip(page["ids"], page["documents"] or [], strict=False) if text)
            if len(page["ids"]) < TEXTS_AT_ONCE:
                return
            start += TEXTS_AT_ONCE

    def close(self) -> None:
        """Drop the client and the copy."""
        self._collection.cache_clear()
        if self._copy is not None:
            self._copy.close()
        else:
            _hang_up(self._client)
        self._client = None


def _hang_up(client: Any) -> None:  # noqa: ANN401 - chromadb's client of a server
    """Chroma 1.5 keeps the connections of every server that was ever opened, also those of a closed client."""
    for server in (getattr(client, "_server", None), getattr(getattr(client, "_admin_client", None), "_server", None)):
        session = getattr(server, "_session", None)
        if session is not None:
            session.close()
    close = getattr(client, "close", None)  # older versions have none
    if close is not None:
        close()


def _settings(collection: Any) -> dict[str, Any]:  # noqa: ANN401 - chromadb's Collection
    """The collection's configuration as plain values; empty where this version has none."""
    said = getattr(collection, "configuration_json", None)
    return said if isinstance(said, dict) else {}


def _recorded(settings: dict[str, Any]) -> Recorded:
    """The embedding function that the collection was made with."""
    function = settings.get("embedding_function")
    if not isinstance(function, dict) or function.get("name") in (None, "default", "legacy"):
        return Recorded()
    config = function.get("config") if isinstance(function.get("config"), dict) else {}
    assert isinstance(config, dict)  # noqa: S101 - for the type checker
    model = config.get("model_name") or config.get("model") or ""
    url = config.get("url") or config.get("api_base") or ""
    return Recorded(model=str(model), url=str(url), by="Chroma collection")


def _filter(where: Where) -> dict[str, Any] | None:
    """The filter in Chroma's form, None for none."""
    parts: list[dict[str, Any]] = [{name: value} for name, value in where.items()]
    return None if not parts else parts[0] if len(parts) == 1 else {"$and": parts}


def _chunks(found: Any) -> Iterator[Chunk]:  # noqa: ANN401 - chromadb's answer
    if not isinstance(found, dict):
        raise StoreError("Chroma answered in a form that this version of llm-doctor does not know")
    texts, metadata, vectors = found.get("documents"), found.get("metadatas"), found.get("embeddings")
    for place, id_ in enumerate(found["ids"]):
        text = texts[place] if texts is not None else None
        yield Chunk(
            id=str(id_),
            text=cut(text) if isinstance(text, str) else None,
            vector=as_vector(vectors[place]) if vectors is not None else None,
            metadata=dict((metadata[place] if metadata is not None else None) or {}),
        )
