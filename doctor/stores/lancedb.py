"""LanceDB: a folder of tables. Its versions are immutable files, so reading leaves it as it is (tried with 0.40)."""

import contextlib
import ctypes
import functools
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from doctor.errors import StoreError
from doctor.stores.store import (
    Chunk,
    Described,
    Fields,
    Recorded,
    Vector,
    Where,
    as_vector,
    drawn,
    flat,
    plain_name,
    spoken,
    text_of,
)

METRICS = {"cosine": "cosine", "dot": "dot", "l2": "l2"}
DEFAULT_METRIC = "l2"  # of a search that says nothing (LanceDB 0.40)
ROW = "_rowid"
READ_AT_ONCE = 500
VECTORS_AT_ONCE = 1_000
M_MMAP_THRESHOLD, M_ARENA_MAX = -3, -8  # of glibc, malloc.h
LARGE_BLOCK_BYTES = 1 << 16
MAX_LISTED = 10_000


def open_folder(folder: Path, fields: Fields) -> "LanceDb":
    """A connection to the folder. Raises StoreError."""
    with spoken("LanceDB's library could not be loaded"):
        import lancedb
    _give_memory_back()
    with spoken(f"LanceDB cannot open {folder}"):
        connection = lancedb.connect(str(folder))
    return LanceDb(connection, str(folder), lancedb.__version__, fields)


def _give_memory_back() -> None:
    """Let glibc return large blocks at once: two scans of a 150 MB table left 660 MB in its heaps, and so 425."""
    with contextlib.suppress(AttributeError, TypeError, OSError):  # other C libraries have no such call
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)
        mallopt(M_ARENA_MAX, 2)


class LanceDb:
    """An opened folder; see `Store`. Ids are LanceDB's own row ids."""

    kind = "lancedb"

    def __init__(self, connection: Any, place: str, version: str, fields: Fields) -> None:  # noqa: ANN401
        self._connection = connection
        self.place = place
        self.version = version
        self._fields = fields
        self._table = functools.cache(self._opened)

    def collections(self) -> tuple[str, ...]:
        """Names of all tables."""
        with spoken("LanceDB cannot list its tables"), warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            names = getattr(self._connection, "table_names", None)
            if names is not None:
                return tuple(sorted(names(limit=MAX_LISTED)))
            return tuple(sorted(self._connection.list_tables().tables))

    def _opened(self, name: str) -> Any:  # noqa: ANN401 - lancedb's Table
        with spoken(f"LanceDB cannot open the table {name}"):
            return self._connection.open_table(name)

    def _vector_field(self, name: str) -> tuple[str, int]:
        """The vector column and its size. Raises StoreError when there is none, or more than one to choose from."""
        import pyarrow as pa

        schema = self._table(name).schema
        found = {field.name: int(field.type.list_size) for field in schema if pa.types.is_fixed_size_list(field.type)}
        wanted = self._fields.vector or ("vector" if "vector" in found else "")
        if wanted in found:
            return wanted, found[wanted]
        if len(found) == 1 and not wanted:
            return next(iter(found.items()))
        choice = f"its vector columns are {', '.join(sorted(found))}" if found else "it has no vector column"
        raise StoreError(f"the table {name} cannot be searched: {choice}; choose one with --vector-field")

    def describe(self, name: str) -> Described:
        """Rows, schema and the state of the vector index."""
        column, dimension = self._vector_field(name)
        table = self._table(name)
        with spoken(f"LanceDB cannot describe the table {name}"):
            count = int(table.count_rows())
            empty = int(table.count_rows(f"{_name(column)} IS NULL"))
            stats = self._index(table, column)
            row = table.head(1).to_pylist()
        said = str(getattr(stats, "distance_type", "") or "").lower()
        assumed = "--metric" if self._fields.metric else "LanceDB's default for a search that names none"
        return Described(
            name=name,
            count=count,
            dimension=dimension,
            metric=METRICS.get(said or self._fields.metric or DEFAULT_METRIC, ""),
            metric_source="index" if said else assumed,
            index=str(getattr(stats, "index_type", "flat")).lower(),
            indexed=getattr(stats, "num_indexed_rows", None),
            without_vector=empty,
            recorded=_recorded(table),
            text_field=text_of(row[0], self._fields.text)[0] if row else "",
        )

    def _index(self, table: Any, column: str) -> Any:  # noqa: ANN401 - lancedb's Table and IndexStatistics
        for index in table.list_indices():
            if column in index.columns:
                return table.index_stats(index.name)
        return None

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Rows drawn by position."""
        with spoken(f"LanceDB cannot read the table {name}"):
            places = drawn(int(self._table(name).count_rows()), seed, n)
        chunks: list[Chunk] = []
        for start in range(0, len(places), READ_AT_ONCE):
            with spoken(f"LanceDB cannot read the table {name}"):
                some = self._table(name).take_offsets(places[start : start + READ_AT_ONCE])
                chunks += self._chunks(name, some.with_row_id().to_arrow(), vectors=True)
        return tuple(chunks)

    def _chunks(self, name: str, rows: Any, *, vectors: bool) -> Iterator[Chunk]:  # noqa: ANN401 - an Arrow table
        column, dimension = self._vector_field(name)
        arrays = rows[column].to_pylist() if vectors and column in rows.column_names else None
        others = rows.drop_columns([column]) if column in rows.column_names else rows
        for place, row in enumerate(others.to_pylist()):
            id_ = str(row.pop(ROW))
            _, text = text_of(row, self._fields.text)
            vector = as_vector(arrays[place], dimension) if arrays else None
            yield Chunk(id=id_, text=text, vector=vector, metadata=flat(row))

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest rows by LanceDB's own search."""
        column, _ = self._vector_field(name)
        with spoken(f"LanceDB cannot search the table {name}"):
            search = self._table(name).search(vector, vector_column_name=column).limit(k).select(["_distance"])
            if self._fields.metric:
                search = search.distance_type(self._fields.metric)
            if where:
                search = search.where(_filter(where))
            return tuple(str(row) for row in search.with_row_id(True).to_arrow()[ROW].to_pylist())

    def compares_all(self, name: str) -> str:
        """The metric of a table without a vector index."""
        column, _ = self._vector_field(name)
        with spoken(f"LanceDB cannot describe the table {name}"):
            if self._index(self._table(name), column) is not None:
                return ""
        return METRICS.get(self._fields.metric or DEFAULT_METRIC, "")

    def vectors(self, name: str) -> Iterator[tuple[list[str], Any]]:
        """Row ids and vectors batch by batch; rows without a vector are left out."""
        import numpy as np

        column, dimension = self._vector_field(name)
        with spoken(f"LanceDB cannot read the table {name}"):
            search = self._table(name).search().select([column]).with_row_id(True)
            batches = iter(search.to_batches(VECTORS_AT_ONCE))
        while True:
            with spoken(f"LanceDB cannot read the table {name}"):
                batch = next(batches, None)
            if batch is None:
                return
            held = batch.filter(batch[column].is_valid())
            rows = np.asarray(held[column].flatten(), np.float32).reshape(-1, dimension)
            yield [str(id_) for id_ in held[ROW].to_pylist()], rows

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by row id; LanceDB gives them in its own order."""
        with spoken(f"LanceDB cannot read the table {name}"):
            rows = self._table(name).take_row_ids([int(id_) for id_ in ids]).with_row_id().to_arrow()
            found = {chunk.id: chunk for chunk in self._chunks(name, rows, vectors=vectors)}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def matching(self, name: str, where: Where) -> int:
        """Rows that a filter leaves."""
        with spoken(f"LanceDB cannot filter the table {name}"):
            return int(self._table(name).count_rows(_filter(where)))

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Texts batch by batch."""
        with spoken(f"LanceDB cannot read the table {name}"):
            field = text_of(dict.fromkeys(self._table(name).schema.names, ""), self._fields.text)[0]
            if not field:
                return
            search = self._table(name).search().select([field]).with_row_id(True)
            batches = search.to_batches()
        while True:
            with spoken(f"LanceDB cannot read the table {name}"):
                batch = next(iter(batches), None)
            if batch is None:
                return
            yield from (
                (str(row[ROW]), text) for row in batch.to_pylist() if (text := text_of(row, self._fields.text)[1])
            )

    def close(self) -> None:
        """Let go of the tables."""
        self._table.cache_clear()


def _name(column: str) -> str:
    """A column in a filter. Raises StoreError for a name that a filter cannot hold."""
    if not plain_name(column):
        raise StoreError(f"{column!r} cannot be used as a column in a filter of LanceDB")
    return column


def _filter(where: Where) -> str:
    """The filter in LanceDB's SQL."""
    parts = []
    for column, value in where.items():
        literal = "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value).lower()
        parts.append(f"{_name(column)} = {literal}")
    return " AND ".join(parts)


def _recorded(table: Any) -> Recorded:  # noqa: ANN401 - lancedb's Table
    """The embedding function in the table's own metadata, if there is one."""
    functions = getattr(table, "embedding_functions", None)
    for config in functions.values() if isinstance(functions, dict) else ():
        name = getattr(getattr(config, "function", None), "name", "")
        if isinstance(name, str) and name:
            return Recorded(model=name, by="LanceDB table")
    return Recorded()
