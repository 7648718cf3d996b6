"""Qdrant: a folder of its local mode, read from a private copy, or a Qdrant server.

Local mode keeps each point as a pickle and holds all of them in memory; every pickle is looked at before the library
loads it. Facts about the format: qdrant-client 1.20, tried.
"""

import contextlib
import importlib
import sqlite3
import uuid
import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from doctor.errors import StoreError
from doctor.stores.pickles import unpickled
from doctor.stores.snapshot import Snapshot
from doctor.stores.store import (
    MAX_IDS,
    TEXTS_AT_ONCE,
    Chunk,
    Described,
    Fields,
    Vector,
    Where,
    as_vector,
    drawn,
    flat,
    spoken,
    text_of,
)

META = "meta.json"
METRICS = {"cosine": "cosine", "dot": "dot", "euclid": "l2", "manhattan": "manhattan"}
TIMEOUT_S = 20
# Modules whose classes local mode pickles: its own models, and what identifiers and times are made of.
POINT_MODULES = ("qdrant_client.", "uuid", "datetime", "numpy")
# Qdrant searches without its index below this many kilobytes of vectors (its default indexing_threshold).
UNINDEXED_KB = 20_000


def open_folder(folder: Path, fields: Fields) -> "Qdrant":
    """A local client on a copy of the folder. Raises StoreError."""
    with spoken("Qdrant's library could not be loaded"):
        import qdrant_client
    with Snapshot(folder).unless_opened() as copy:
        for database in copy.path.glob("collection/*/storage.sqlite"):
            _only_points(database)
        (copy.path / ".lock").unlink(missing_ok=True)
        with spoken(f"Qdrant's local mode cannot open {folder}"), warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # advice about sizes, which is the owner's business
            client = qdrant_client.QdrantClient(path=str(copy.path))
    return Qdrant(client, str(folder), f"local mode, {_library_version()}", fields, copy)


def open_server(url: str, fields: Fields, api_key: str = "") -> "Qdrant":
    """A client of a Qdrant server. Raises StoreError."""
    with spoken("Qdrant's library could not be loaded"):
        import qdrant_client
    with spoken(f"the Qdrant server at {url} cannot be used"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        client = qdrant_client.QdrantClient(
            url=url, api_key=api_key or None, timeout=TIMEOUT_S, check_compatibility=False
        )
        version = str(client.info().version)
    return Qdrant(client, url, version, fields, None)


def _library_version() -> str:
    from importlib.metadata import version

    return version("qdrant-client")


def _only_points(database: Path) -> None:
    """Raise StoreError when a stored point would load anything but a point."""

    def allowed(module: str, name: str) -> Any:  # noqa: ANN401 - a class
        if not any(module == known.rstrip(".") or module.startswith(known) for known in POINT_MODULES):
            return None
        return getattr(importlib.import_module(module), name, None)

    try:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            for (point,) in connection.execute("SELECT point FROM points"):
                unpickled(point, allowed)
    except sqlite3.Error as error:
        raise StoreError(f"{database.name} is not a database of Qdrant's local mode: {error}") from error


class Qdrant:
    """An opened Qdrant; see `Store`."""

    kind = "qdrant"

    def __init__(
        self,
        client: Any,  # noqa: ANN401 - qdrant_client.QdrantClient
        place: str,
        version: str,
        fields: Fields,
        copy: Snapshot | None,
    ) -> None:
        self._client = client
        self.place = place
        self.version = version
        self._fields = fields
        self._copy = copy

    def collections(self) -> tuple[str, ...]:
        """Names of all collections."""
        with spoken("Qdrant cannot list its collections"):
            return tuple(sorted(found.name for found in self._client.get_collections().collections))

    def describe(self, name: str) -> Described:
        """Count, vector settings and the optimiser's state."""
        with spoken(f"Qdrant cannot describe the collection {name}"):
            info = self._client.get_collection(name)
            count = int(self._client.count(name, exact=True).count)
            settings = self._vector_settings(info)
            first = self._client.scroll(name, limit=1, with_payload=True, with_vectors=False)[0]
        threshold = getattr(getattr(info.config, "optimizer_config", None), "indexing_threshold", None) or UNINDEXED_KB
        needs_index = count * int(settings.size) * 4 > threshold * 1024
        indexed = getattr(info, "indexed_vectors_count", None)
        local = self._copy is not None
        return Described(
            name=name,
            count=count,
            dimension=int(settings.size),
            metric=METRICS.get(str(settings.distance.value).lower(), ""),
            metric_source="collection",
            index="flat" if local else "hnsw",
            indexed=None if local or not needs_index else indexed,
            status="" if local else str(getattr(info.status, "value", info.status)),
            text_field=_text_in(first[0].payload or {}, self._fields.text)[0] if first else "",
        )

    def _vector_settings(self, info: Any) -> Any:  # noqa: ANN401 - models of qdrant_client
        """Size and distance of the vector that is examined. Raises StoreError when the choice is not clear."""
        vectors = info.config.params.vectors
        if not isinstance(vectors, dict):
            return vectors
        name = self._vector_name(vectors)
        return vectors[name]

    def _vector_name(self, vectors: Mapping[str, Any]) -> str:
        wanted = self._fields.vector
        if wanted in vectors:
            return wanted
        if len(vectors) == 1 and not wanted:
            return next(iter(vectors))
        raise StoreError(f"the collection has the vectors {', '.join(sorted(vectors))}; choose one with --vector-field")

    def _using(self, name: str) -> str | None:
        """The vector's name, None in a collection with one nameless vector."""
        with spoken(f"Qdrant cannot describe the collection {name}"):
            vectors = self._client.get_collection(name).config.params.vectors
            return self._vector_name(vectors) if isinstance(vectors, dict) else None

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Points drawn by position among the ids."""
        ids: list[Any] = []
        offset: Any = None
        while len(ids) < MAX_IDS:
            with spoken(f"Qdrant cannot list the collection {name}"):
                page, offset = self._client.scroll(
                    name, limit=TEXTS_AT_ONCE, offset=offset, with_payload=False, with_vectors=False
                )
            ids += [point.id for point in page]
            if offset is None:
                break
        chosen = [ids[place] for place in drawn(len(ids), seed, n)]
        return self._read(name, chosen, vectors=True)

    def _read(self, name: str, ids: Sequence[Any], *, vectors: bool) -> tuple[Chunk, ...]:
        using = self._using(name) if vectors else None
        with spoken(f"Qdrant cannot read the collection {name}"):
            points = self._client.retrieve(name, ids=list(ids), with_payload=True, with_vectors=vectors)
        found = {point.id: self._chunk(point, using) for point in points}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def _chunk(self, point: Any, using: str | None) -> Chunk:  # noqa: ANN401 - a point
        payload = dict(point.payload or {})
        _, text = _text_in(payload, self._fields.text)
        vector = point.vector.get(using) if isinstance(point.vector, dict) and using else point.vector
        return Chunk(id=str(point.id), text=text, vector=as_vector(vector), metadata=flat(payload))

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest ids by Qdrant's own search."""
        using = self._using(name)
        with spoken(f"Qdrant cannot search the collection {name}"):
            found = self._client.query_points(
                name,
                query=[float(part) for part in vector],
                limit=k,
                using=using,
                query_filter=_filter(where),
                with_payload=False,
            )
        return tuple(str(point.id) for point in found.points)

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Points by id."""
        return self._read(name, [_point_id(id_) for id_ in ids], vectors=vectors)

    def matching(self, name: str, where: Where) -> int:
        """Points that a filter leaves."""
        with spoken(f"Qdrant cannot filter the collection {name}"):
            return int(self._client.count(name, count_filter=_filter(where), exact=True).count)

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Texts in pages."""
        offset: Any = None
        while True:
            with spoken(f"Qdrant cannot read the collection {name}"):
                page, offset = self._client.scroll(
                    name, limit=TEXTS_AT_ONCE, offset=offset, with_payload=True, with_vectors=False
                )
            for point in page:
                _, text = _text_in(point.payload or {}, self._fields.text)
                if text:
                    yield str(point.id), text
            if offset is None:
                return

    def close(self) -> None:
        """Close the client and drop the copy."""
        with spoken("Qdrant's client could not be closed"):
            self._client.close()
        if self._copy is not None:
            self._copy.close()


def _point_id(text: str) -> int | str:
    """Ids are numbers or UUIDs; both come here as text."""
    with contextlib.suppress(ValueError):
        return int(text)
    with contextlib.suppress(ValueError):
        return str(uuid.UUID(text))
    return text


def _filter(where: Where) -> Any:  # noqa: ANN401 - a model of qdrant_client
    """The filter in Qdrant's form, None for none."""
    if not where:
        return None
    from qdrant_client import models

    return models.Filter(must=[models.FieldCondition(key=key, match=_match(value)) for key, value in where.items()])


def _match(value: str | float | bool) -> Any:  # noqa: ANN401 - a model of qdrant_client
    """Equality; Qdrant matches no fractions, so those are asked for as a range of one value."""
    from qdrant_client import models

    return models.MatchValue(value=int(value) if isinstance(value, float) else value)


def _text_in(payload: Mapping[str, Any], wanted: str) -> tuple[str, str | None]:
    """The text of a point; LangChain keeps it in the payload, LlamaIndex inside a JSON document."""
    name, text = text_of(payload, wanted)
    if name or wanted or not isinstance(payload.get("_node_content"), str):
        return name, text
    import msgspec

    with contextlib.suppress(msgspec.DecodeError):
        node = msgspec.json.decode(payload["_node_content"])
        if isinstance(node, dict) and isinstance(node.get("text"), str):
            return "_node_content", node["text"]
    return "", None
