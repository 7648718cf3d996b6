"""sqlite-vec: `vec0` tables in an SQLite file.

The file is opened as immutable, which writes nothing, not even the files that SQLite keeps beside a database. A
database with a write-ahead log, which an immutable view would not see, is read from a private copy. apsw is used
because many builds of Python cannot load extensions into their own SQLite. Format: sqlite-vec 0.1.9, tried.
"""

import contextlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from doctor.errors import StoreError
from doctor.stores.snapshot import Snapshot
from doctor.stores.store import (
    MAX_IDS,
    Chunk,
    Described,
    Fields,
    Vector,
    Where,
    as_vector,
    drawn,
    plain_name,
    quoted,
    spoken,
    text_of,
)

MAGIC = b"SQLite format 3\0"
# A vector column of `CREATE VIRTUAL TABLE t USING vec0(...)`: name, element type, dimensions, options.
COLUMN = re.compile(
    r"(?P<name>\w+)\s+(?P<kind>float|f32|int8|i8|bit)\s*\[\s*(?P<size>\d+)\s*\](?P<options>[^,]*)", re.IGNORECASE
)
METRIC = re.compile(r"distance_metric\s*=\s*(\w+)", re.IGNORECASE)
METRICS = {"cosine": "cosine", "l2": "l2", "l1": "l1"}
READ_AT_ONCE = 500
WAL_HEADER_BYTES = 32  # a log that holds nothing else has no pages in it


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """A vec0 table: its vector column, and where the texts of its rows are."""

    name: str
    column: str
    element: str
    dimension: int
    metric: str
    columns: tuple[str, ...]  # of this table, besides the vectors
    texts: str = ""  # an ordinary table with a row for each vector, "" when the texts are here
    text_columns: tuple[str, ...] = ()  # of that table
    text_field: str = ""


def open_file(path: Path, fields: Fields) -> "SqliteVec":
    """A read-only connection. Raises StoreError."""
    with spoken("sqlite-vec could not be loaded"):
        import apsw
        import sqlite_vec
    copy = _copy_with_log(path)
    shown = copy.path / path.name if copy else path
    uri = f"file:{quote(str(shown.absolute()))}" + ("" if copy else "?immutable=1")
    flags = apsw.SQLITE_OPEN_URI | (apsw.SQLITE_OPEN_READWRITE if copy else apsw.SQLITE_OPEN_READONLY)
    with contextlib.ExitStack() as undo:
        if copy:
            undo.callback(copy.close)
        with spoken(f"{path} cannot be opened as an SQLite database"):
            connection = apsw.Connection(uri, flags=flags)
            undo.callback(connection.close)
            connection.enable_load_extension(True)
            connection.load_extension(sqlite_vec.loadable_path())
            connection.enable_load_extension(False)
            connection.execute("PRAGMA trusted_schema = OFF")
            version = str(next(connection.execute("SELECT vec_version()"))[0])
        store = SqliteVec(connection, path, version, fields, copy)
        undo.pop_all()
        return store


def _copy_with_log(path: Path) -> Snapshot | None:
    """A copy of database and log where there are changes in the log, else None."""
    for ending in ("-wal", "-journal"):
        log = path.with_name(path.name + ending)
        with contextlib.suppress(OSError):
            if log.stat().st_size > WAL_HEADER_BYTES:
                return Snapshot(path.parent, only=(path.name, log.name))
    return None


class SqliteVec:
    """An opened database; see `Store`. Ids are row ids."""

    kind = "sqlite-vec"

    def __init__(
        self,
        connection: Any,  # noqa: ANN401 - apsw's Connection
        path: Path,
        version: str,
        fields: Fields,
        copy: Snapshot | None,
    ) -> None:
        self._connection = connection
        self.place = str(path)
        self.version = version
        self._fields = fields
        self._copy = copy
        self._tables = {table.name: table for table in self._found()}

    def _rows(self, doing: str, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with spoken(f"sqlite-vec cannot {doing}"):
            return list(self._connection.execute(sql, tuple(values)))

    def _found(self) -> Iterator[Table]:
        schema = self._rows(
            "read the database", "SELECT name, sql FROM sqlite_master WHERE sql LIKE '%USING%vec0%' ORDER BY name"
        )
        for name, sql in schema:
            vectors = list(COLUMN.finditer(sql))
            columns = [match for match in vectors if self._fields.vector in ("", match["name"])]
            if not columns:
                continue
            named = METRIC.search(columns[0]["options"])
            info = self._rows("read the schema", f"PRAGMA table_info({quoted(name)})")
            names = {match["name"] for match in vectors}
            table = Table(
                name=name,
                column=columns[0]["name"],
                element=columns[0]["kind"].lower(),
                dimension=int(columns[0]["size"]),
                metric=METRICS.get(named[1].lower() if named else "l2", ""),
                columns=tuple(str(row[1]) for row in info if row[1] not in names),
            )
            yield self._with_texts(table)

    def _with_texts(self, table: Table) -> Table:
        """The table with the place of its texts: a column of its own, or an ordinary table with the same row ids."""
        place, _, wanted = self._fields.text.rpartition(".")
        if not place and (field := text_of(dict.fromkeys(table.columns, ""), wanted)[0]) in table.columns and field:
            return msgspec.structs.replace(table, text_field=field)
        others = "SELECT name FROM sqlite_master WHERE type='table' AND sql NOT LIKE '%USING%' ORDER BY name"
        for (name,) in self._rows("read the schema", others):
            if name.startswith((f"{table.name}_", "sqlite_")) or place not in ("", name):
                continue
            columns = [str(row[1]) for row in self._rows("read the schema", f"PRAGMA table_info({quoted(name)})")]
            field = text_of(dict.fromkeys(columns, ""), wanted)[0]
            if field in columns and self._joined(table, name):
                return msgspec.structs.replace(table, texts=name, text_field=field, text_columns=tuple(columns))
        return table

    def _joined(self, table: Table, other: str) -> bool:
        """Whether rows of the vec0 table have a row of the same id in the other table."""
        sql = (
            f"SELECT count(*), count(o.rowid) FROM (SELECT rowid FROM {quoted(table.name)} LIMIT 50) v "
            f"LEFT JOIN {quoted(other)} o ON o.rowid = v.rowid"
        )
        with contextlib.suppress(StoreError):
            ((rows, matched),) = self._rows("compare two tables", sql)
            return bool(rows) and matched * 2 > rows
        return False

    def collections(self) -> tuple[str, ...]:
        """Names of the vec0 tables."""
        return tuple(self._tables)

    def _known(self, name: str) -> Table:
        if name not in self._tables:
            raise StoreError(f"there is no vec0 table {name} in {self.place}")
        return self._tables[name]

    def describe(self, name: str) -> Described:
        """Rows and the table's declaration; sqlite-vec compares with every row, so there is no index to be unready."""
        table = self._known(name)
        ((count,),) = self._rows("count the rows", f"SELECT count(*) FROM {quoted(name)}")
        without = None
        if table.texts:
            ((texts,),) = self._rows("count the texts", f"SELECT count(*) FROM {quoted(table.texts)}")
            without, count = max(0, texts - count), max(count, texts)
        return Described(
            name=name,
            count=int(count),
            dimension=table.dimension,
            metric=table.metric,
            metric_source="table's declaration",
            index="flat",
            without_vector=without,
            lossy=table.element not in ("float", "f32"),
            text_field=table.text_field,
        )

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Rows drawn by position among the row ids."""
        table = self._known(name)
        sql = f"SELECT rowid FROM {quoted(table.name + '_rowids')} LIMIT {MAX_IDS}"
        ids = [row[0] for row in self._rows("list the rows", sql)]
        return self._read(table, [ids[place] for place in drawn(len(ids), seed, n)], vectors=True)

    def _read(self, table: Table, ids: Sequence[int], *, vectors: bool) -> tuple[Chunk, ...]:
        found: dict[int, Chunk] = {}
        for start in range(0, len(ids), READ_AT_ONCE):
            some = tuple(ids[start : start + READ_AT_ONCE])
            wanted = ("rowid", table.column, *table.columns) if vectors else ("rowid", *table.columns)
            own = {row[0]: dict(zip(wanted, row, strict=True)) for row in self._at(table.name, wanted, some)}
            others = ("rowid", *table.text_columns)
            beside = self._at(table.texts, others, some) if table.texts else []
            texts = {row[0]: dict(zip(others, row, strict=True)) for row in beside}
            for id_ in some:
                fields = {**own.get(id_, {}), **texts.get(id_, {})}
                vector = _vector(fields.pop(table.column, None), table)
                fields.pop("rowid", None)
                _, text = text_of(fields, table.text_field)
                found[id_] = Chunk(id=str(id_), text=text, vector=vector, metadata=fields)
        return tuple(found[id_] for id_ in ids)

    def _at(self, table: str, columns: Sequence[str], ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """Columns of the rows with these row ids."""
        marks = ",".join("?" * len(ids))
        sql = f"SELECT {', '.join(map(quoted, columns))} FROM {quoted(table)} WHERE rowid IN ({marks})"
        return self._rows("read rows", sql, ids)

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest rows."""
        table = self._known(name)
        conditions = "".join(f" AND {_column(column)} = ?" for column in where)
        sql = f"SELECT rowid FROM {quoted(name)} WHERE {quoted(table.column)} MATCH ? AND k = ?{conditions}"
        rows = self._rows("search", sql, (vector.astype("<f4").tobytes(), k, *where.values()))
        return tuple(str(row[0]) for row in rows)

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by row id."""
        return self._read(self._known(name), [int(id_) for id_ in ids], vectors=vectors)

    def matching(self, name: str, where: Where) -> int:
        """Rows that a filter leaves."""
        conditions = " AND ".join(f"{_column(column)} = ?" for column in where) or "1"
        sql = f"SELECT count(*) FROM {quoted(name)} WHERE {conditions}"
        ((count,),) = self._rows("filter", sql, tuple(where.values()))
        return int(count)

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Texts row by row."""
        table = self._known(name)
        if not table.text_field:
            return
        sql = f"SELECT rowid, {quoted(table.text_field)} FROM {quoted(table.texts or name)}"
        with spoken("sqlite-vec cannot read the texts"):
            rows = iter(self._connection.execute(sql))
        while True:
            with spoken("sqlite-vec cannot read the texts"):
                row = next(rows, None)
            if row is None:
                return
            if isinstance(row[1], str) and row[1]:
                yield str(row[0]), row[1]

    def close(self) -> None:
        """Close the connection and drop the copy."""
        self._connection.close()
        if self._copy:
            self._copy.close()


def _vector(blob: Any, table: Table) -> Vector:  # noqa: ANN401 - a value of SQLite
    """The vector in a blob; int8 elements are whole numbers, bits are not read."""
    if not isinstance(blob, bytes) or table.element == "bit":
        return None
    import numpy as np

    kind = "<i1" if table.element in ("int8", "i8") else "<f4"
    return as_vector(np.frombuffer(blob, dtype=kind), table.dimension)


def _column(name: str) -> str:
    if not plain_name(name):
        raise StoreError(f"{name!r} cannot be a column of a filter")
    return quoted(name)
