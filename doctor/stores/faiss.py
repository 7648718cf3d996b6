"""FAISS: one index file, with its texts in LangChain's `index.pkl` beside it or in a file of JSON lines.

The file is opened as a read-only map. FAISS keeps vectors and row numbers only. A folder with `index.faiss` and
`index.pkl` is LangChain's form; for any other file the texts come from --texts-file, in the order of the rows.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from doctor.errors import StoreError
from doctor.stores.pickles import unpickled
from doctor.stores.store import (
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
from doctor.text import mib, one_line

METRICS = {0: "dot", 1: "l2"}  # faiss.METRIC_INNER_PRODUCT, METRIC_L2
LOSSY = ("PQ", "ScalarQuantizer", "LSH", "Residual", "Binary", "RaBitQ")  # classes that store approximations
MAX_SIDE_BYTES = 2 << 30  # of a pickle or a file of texts
STAND_INS = {"Document": "page_content", "InMemoryDocstore": "_dict"}


class StandIn:
    """What a LangChain class is read as: its fields, and no code of its own."""

    fields: dict[str, Any]

    def __new__(cls, *_: object, **fields: object) -> "StandIn":
        """A stand-in with its fields; a pickle makes objects without calling `__init__`."""
        made = super().__new__(cls)
        made.fields = dict(fields)
        return made

    def __setstate__(self, state: object) -> None:
        """Take the pickled fields, in the form of plain and of pydantic objects."""
        inner = state.get("__dict__", state) if isinstance(state, dict) else {}
        self.fields.update(inner if isinstance(inner, dict) else {})


def open_file(path: Path, fields: Fields) -> "Faiss":
    """The index in a file, with its texts. Raises StoreError."""
    with spoken("FAISS could not be loaded"):
        import faiss
    if path.is_dir():
        found = sorted(path.glob("*.faiss"))
        if len(found) != 1:
            raise StoreError(f"{path} holds {len(found) or 'no'} .faiss files; name the file itself")
        path = found[0]
    with spoken(f"{path} cannot be read as a FAISS index (library version {faiss.__version__})"):
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)
    return Faiss(index, path, faiss.__version__, _rows(path, fields))


def _rows(path: Path, fields: Fields) -> Mapping[int, Mapping[str, Any]]:
    """Text and metadata by row number; empty where there are none."""
    if fields.texts_file:
        return _from_lines(Path(fields.texts_file))
    pickled = path.with_suffix(".pkl")
    return _from_langchain(pickled) if pickled.is_file() else {}


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_SIDE_BYTES:
            raise StoreError(f"{path} is larger than {mib(MAX_SIDE_BYTES)}, which is too much to read at once")
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path} cannot be read: {error.strerror or error}") from error


def _from_lines(path: Path) -> dict[int, Mapping[str, Any]]:
    """JSON objects, one a line, in the order of the rows."""
    rows: dict[int, Mapping[str, Any]] = {}
    for number, line in enumerate(_bytes(path).splitlines()):
        try:
            row = msgspec.json.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise StoreError(f"line {number + 1} of {path} is not JSON: {one_line(str(error), 100)}") from error
        if not isinstance(row, dict):
            raise StoreError(f"line {number + 1} of {path} is not a JSON object")
        rows[number] = row
    return rows


def _from_langchain(path: Path) -> dict[int, Mapping[str, Any]]:
    """LangChain's docstore and its table from row numbers to documents."""

    def allowed(module: str, name: str) -> Any:  # noqa: ANN401 - a class
        return StandIn if name in STAND_INS and module.startswith("langchain") else None

    found = unpickled(_bytes(path), allowed)
    if not isinstance(found, tuple) or len(found) != 2 or not isinstance(found[1], dict):
        raise StoreError(f"{path} is not a document store of LangChain")
    store, places = found
    documents = store.fields.get("_dict", {}) if isinstance(store, StandIn) else {}
    return {
        int(row): {**(document.fields.get("metadata") or {}), "page_content": document.fields.get("page_content")}
        for row, key in places.items()
        if isinstance(document := documents.get(key), StandIn)
    }


class Faiss:
    """An opened index; see `Store`. Ids are row numbers, or the ids of an index that maps them."""

    kind = "faiss"

    def __init__(self, index: Any, path: Path, version: str, rows: Mapping[int, Mapping[str, Any]]) -> None:  # noqa: ANN401
        self._index = index
        self._path = path
        self.place = str(path)
        self.version = version
        self._rows = rows
        self._ids = _id_map(index)

    def collections(self) -> tuple[str, ...]:
        """A file is one collection."""
        return (self._path.stem,)

    def describe(self, name: str) -> Described:
        """Kind, metric and training of the index."""
        kind = type(_inner(self._index)).__name__
        count = int(self._index.ntotal)
        first = next(iter(self._rows.values()), {})
        return Described(
            name=name,
            count=max(count, len(self._rows)),
            dimension=int(self._index.d),
            metric=METRICS.get(int(self._index.metric_type), ""),
            metric_source="index",
            index=kind,
            indexed=count,
            without_vector=max(0, len(self._rows) - count) if self._rows else None,
            trained=bool(self._index.is_trained),
            lossy=any(word in kind for word in LOSSY),
            text_field=text_of(first)[0],
        )

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Rows drawn by position, their vectors rebuilt from the index."""
        places = drawn(int(self._index.ntotal), seed, n)
        return tuple(self._chunk(self._id_at(place), self._vector(place)) for place in places)

    def _id_at(self, place: int) -> int:
        return int(self._ids[place]) if self._ids is not None else place

    def _vector(self, place: int) -> Vector:
        inner = _inner(self._index)
        with spoken("FAISS cannot give back its vectors"):
            if hasattr(inner, "make_direct_map") and not self._mapped:
                inner.make_direct_map()  # a table in memory from row to place; the file stays as it is
            return as_vector(inner.reconstruct(place))

    @property
    def _mapped(self) -> bool:
        direct = getattr(_inner(self._index), "direct_map", None)
        return direct is not None and not direct.no()

    def _chunk(self, id_: int, vector: Vector = None) -> Chunk:
        row = self._rows.get(id_, {})
        _, text = text_of(row)
        return Chunk(id=str(id_), text=text, vector=vector, metadata=flat(row))

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest rows as the index finds them with its own settings. Raises StoreError for a filter."""
        if where:
            raise StoreError("FAISS has no filters")
        import numpy as np

        with spoken("FAISS cannot search this index"):
            _, found = self._index.search(np.asarray(vector, dtype=np.float32).reshape(1, -1), k)
        return tuple(str(id_) for id_ in found[0].tolist() if id_ >= 0)

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by id."""
        places = {int(id_): place for place, id_ in enumerate(self._ids)} if self._ids is not None else None
        found = []
        for id_ in map(int, ids):
            place = id_ if places is None else places.get(id_, -1)
            if id_ in self._rows or 0 <= place < int(self._index.ntotal):
                found.append(self._chunk(id_, self._vector(place) if vectors else None))
        return tuple(found)

    def matching(self, name: str, where: Where) -> int:
        """Nothing can be filtered. Raises StoreError."""
        raise StoreError("FAISS has no filters")

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Texts in the order of the rows."""
        for id_ in self._rows:
            chunk = self._chunk(id_)
            if chunk.text:
                yield chunk.id, chunk.text

    def close(self) -> None:
        """Drop the map of the file."""
        self._index = None


def _inner(index: Any) -> Any:  # noqa: ANN401 - a faiss index
    """The index below wrappers that only rename rows or change vectors."""
    import faiss

    while hasattr(index, "index") and not hasattr(index, "nlist"):
        index = index.index
    return faiss.downcast_index(index)


def _id_map(index: Any) -> Any:  # noqa: ANN401 - a faiss index
    """Ids by position, None where rows are their own ids."""
    import faiss

    return faiss.vector_to_array(index.id_map) if hasattr(index, "id_map") else None
