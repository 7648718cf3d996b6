"""pgvector: columns of type `vector` or `halfvec` in PostgreSQL.

The session itself is read-only: the server refuses whatever would write. A collection is a column, or in LangChain's
layout one of the collections that share a table. Facts about the catalogues: PostgreSQL 18 with pgvector 0.8, tried.
"""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import urlsplit

import msgspec

from doctor.errors import StoreError
from doctor.stores.store import (
    TEXTS_AT_ONCE,
    Chunk,
    Described,
    Fields,
    Vector,
    Where,
    as_vector,
    plain_name,
    quoted,
    spoken,
    text_of,
)

CONNECT_S = 10
STATEMENT_S = 60
OPTIONS = (
    "-c default_transaction_read_only=on "
    f"-c statement_timeout={STATEMENT_S * 1000} -c lock_timeout=5000 -c application_name=llm-doctor"
)
OPERATORS = {"cosine": "<=>", "dot": "<#>", "l2": "<->"}
# The operator class of an index says what it was built to compare by.
OF_CLASS = (("cosine", "cosine"), ("_ip_", "dot"), ("_l2_", "l2"))
DEFAULT_METRIC = "cosine"  # without an index the query alone decides; most pipelines ask by cosine
OVERDRAWN = 1.5  # rows asked of TABLESAMPLE for each one wanted, as it gives about so many
CACHES_ALL = 5_000_000  # rows above which the planner's estimate stands for the count

VECTORS = """
SELECT n.nspname, c.relname, a.attname, t.typname, a.atttypmod, c.reltuples::bigint, c.oid::bigint
FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_type t ON t.oid = a.atttypid
WHERE t.typname IN ('vector', 'halfvec') AND c.relkind IN ('r', 'p', 'm') AND a.attnum > 0 AND NOT a.attisdropped
ORDER BY 1, 2, 3"""
INDEXES = """
SELECT am.amname, oc.opcname, i.indisvalid
FROM pg_index i JOIN pg_class ic ON ic.oid = i.indexrelid JOIN pg_am am ON am.oid = ic.relam
JOIN pg_opclass oc ON oc.oid = i.indclass[0] JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = %s AND a.attname = %s AND am.amname IN ('hnsw', 'ivfflat') ORDER BY i.indisvalid"""
COLUMNS = """
SELECT a.attname, t.typname FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""
PRIMARY = """
SELECT a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
WHERE i.indrelid = %s AND i.indisprimary AND i.indnatts = 1"""
LANGCHAIN = ("langchain_pg_embedding", "langchain_pg_collection")


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A vector column, and how its rows are picked and named."""

    table: str  # quoted, with its schema
    vector: str
    dimension: int | None
    rows: int  # as the planner believes
    oid: int
    key: str  # an SQL expression that gives each row its id as text
    fields: tuple[str, ...]
    documents: tuple[str, ...]  # columns of type json
    condition: str = "TRUE"  # rows of one LangChain collection


def open_server(url: str, fields: Fields) -> "PgVector":
    """A read-only session. Raises StoreError, without the password that the address may hold."""
    with spoken("PostgreSQL's client could not be loaded"):
        import psycopg
    place = without_password(url)
    try:
        connection = psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_S, options=OPTIONS)
    except psycopg.Error as error:
        raise StoreError(f"PostgreSQL at {place} cannot be reached: {_first_line(error)}") from error
    with contextlib.ExitStack() as unless_opened:
        unless_opened.callback(connection.close)
        opened = PgVector(connection, place, fields)
        unless_opened.pop_all()
    return opened


def without_password(url: str) -> str:
    """The address as it may be shown."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise StoreError(f"the address of PostgreSQL cannot be read: {error}") from error
    return f"postgresql://{host}{port}{parts.path}"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


class PgVector:
    """An opened session; see `Store`."""

    kind = "pgvector"

    def __init__(self, connection: Any, place: str, fields: Fields) -> None:  # noqa: ANN401 - psycopg's Connection
        self._connection = connection
        self.place = place
        self._fields = fields
        ((self.version,),) = self._rows(
            "ask for its version", "SELECT coalesce(max(extversion), '') FROM pg_extension WHERE extname = 'vector'"
        )
        if not self.version:
            raise StoreError(f"the database at {place} has no extension named vector")
        self._columns = dict(self._found())

    def _rows(self, doing: str, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        with spoken(f"PostgreSQL cannot {doing}"):
            return list(self._connection.execute(sql, tuple(values)).fetchall())

    def _found(self) -> Iterator[tuple[str, Column]]:
        for schema, table, name, _, size, rows, oid in self._rows("list its vector columns", VECTORS):
            if self._fields.vector not in ("", name):
                continue
            place = f"{quoted(schema)}.{quoted(table)}"
            column = self._column(place, name, size, rows, oid)
            if table == LANGCHAIN[0]:
                yield from self._of_langchain(schema, column)
            else:
                yield (table if schema == "public" else f"{schema}.{table}"), column

    def _column(self, table: str, vector: str, size: int, rows: int, oid: int) -> Column:
        described = self._rows("describe a table", COLUMNS, (oid,))
        kinds = {str(column): str(kind) for column, kind in described}
        primary = self._rows("describe a table", PRIMARY, (oid,))
        key = f"{quoted(primary[0][0])}::text" if primary else "ctid::text"
        return Column(
            table=table,
            vector=vector,
            dimension=size if size > 0 else None,
            rows=rows,
            oid=oid,
            key=key,
            fields=tuple(column for column, kind in kinds.items() if kind not in ("vector", "halfvec", "bytea")),
            documents=tuple(column for column, kind in kinds.items() if kind in ("json", "jsonb")),
        )

    def _of_langchain(self, schema: str, column: Column) -> Iterator[tuple[str, Column]]:
        """One entry for each collection of LangChain's shared table."""
        sql = f"SELECT uuid::text, name FROM {quoted(schema)}.{quoted(LANGCHAIN[1])} ORDER BY name"
        for id_, name in self._rows("list LangChain's collections", sql):
            condition = f"collection_id = '{id_}'::uuid"
            yield str(name), msgspec.structs.replace(column, condition=condition)

    def collections(self) -> tuple[str, ...]:
        """Names of tables, or of LangChain's collections."""
        return tuple(self._columns)

    def _known(self, name: str) -> Column:
        if name not in self._columns:
            raise StoreError(f"there is no table {name} with vectors in {self.place}")
        return self._columns[name]

    def describe(self, name: str) -> Described:
        """Rows, rows without a vector, and the index with what it compares by."""
        column = self._known(name)
        vector, where = quoted(column.vector), column.condition
        if column.rows > CACHES_ALL:
            count, filled = column.rows, None
        else:
            sql = f"SELECT count(*), count({vector}) FROM {column.table} WHERE {where}"
            ((count, filled),) = self._rows("count the rows", sql)
        kind, operators, valid = self._index(column)
        metric = self._metric(column)
        assumed = "--metric" if self._fields.metric else "assumed: without an index the query decides"
        return Described(
            name=name,
            count=int(count),
            dimension=column.dimension or self._first_size(column),
            metric=metric,
            metric_source=f"index ({operators})" if operators else assumed,
            index=kind,
            without_vector=None if filled is None else int(count) - int(filled),
            status="" if valid else "invalid: its building was broken off",
            trained=None if valid else False,
            text_field=text_of(dict.fromkeys(column.fields, ""), self._fields.text)[0],
        )

    def _index(self, column: Column) -> tuple[str, str, bool]:
        """Method and operator class of the vector index, and whether it is whole; a valid one before others."""
        found = self._rows("describe the index", INDEXES, (column.oid, column.vector))
        return (str(found[-1][0]), str(found[-1][1]), bool(found[-1][2])) if found else ("flat", "", True)

    def _metric(self, column: Column) -> str:
        """What the index compares by; without one, what the user says or most pipelines take."""
        operators = self._index(column)[1]
        known = next((metric for word, metric in OF_CLASS if word in operators), "")
        return known or self._fields.metric or DEFAULT_METRIC

    def _first_size(self, column: Column) -> int | None:
        sql = (
            f"SELECT vector_dims({quoted(column.vector)}::vector) FROM {column.table} "
            f"WHERE {column.condition} AND {quoted(column.vector)} IS NOT NULL LIMIT 1"
        )
        found = self._rows("read a vector", sql)
        return int(found[0][0]) if found else None

    def _select(self, column: Column, *, vectors: bool) -> str:
        """The head of a query for whole rows: id, fields, vector."""
        fields = "".join(f", {quoted(name)}" for name in column.fields)
        return f"SELECT {column.key}{fields}" + (f", {quoted(column.vector)}::text" if vectors else "")

    def _chunk(self, column: Column, row: Sequence[Any], *, vectors: bool) -> Chunk:
        fields = dict(zip(column.fields, row[1:], strict=False))
        for name in column.documents:
            if isinstance(fields.get(name), dict):
                fields = {**fields, **fields[name]}
        _, text = text_of(fields, self._fields.text)
        vector = _parsed(row[-1], column.dimension) if vectors else None
        return Chunk(id=str(row[0]), text=text, vector=vector, metadata=fields)

    def sample(self, name: str, seed: int, n: int) -> tuple[Chunk, ...]:
        """Rows drawn by the server with a fixed seed."""
        column = self._known(name)
        count = max(1, self.describe(name).count)
        share = min(100.0, 100.0 * OVERDRAWN * n / count)
        sql = (
            f"{self._select(column, vectors=True)} FROM {column.table} TABLESAMPLE BERNOULLI ({share}) "
            f"REPEATABLE ({int(seed)}) WHERE {column.condition} "
            f"ORDER BY md5({column.key} || '{int(seed)}') LIMIT {int(n)}"
        )
        return tuple(self._chunk(column, row, vectors=True) for row in self._rows("draw a sample", sql))

    def query(self, name: str, vector: Vector, k: int, where: Where) -> tuple[str, ...]:
        """Nearest rows, by the index where there is one."""
        column = self._known(name)
        operator = OPERATORS[self._metric(column)]
        condition, values = self._condition(column, where)
        literal = "[" + ",".join(f"{float(part):.9g}" for part in vector) + "]"
        sql = (
            f"SELECT {column.key} FROM {column.table} WHERE {condition} "
            f"ORDER BY {quoted(column.vector)} {operator} %s LIMIT {int(k)}"
        )
        return tuple(str(row[0]) for row in self._rows("search", sql, (*values, literal)))

    def _condition(self, column: Column, where: Where) -> tuple[str, list[Any]]:
        """A filter on columns, or on keys of a JSON column."""
        parts, values = [column.condition], []
        for key, value in where.items():
            if key in column.fields:
                parts.append(f"{quoted(key)}::text = %s")
            elif column.documents and plain_name(key):
                parts.append(f"{quoted(column.documents[0])} ->> '{key}' = %s")
            else:
                raise StoreError(f"the table has no column {key} to filter by")
            values.append(str(value))
        return " AND ".join(parts), values

    def fetch(self, name: str, ids: Sequence[str], *, vectors: bool = False) -> tuple[Chunk, ...]:
        """Rows by id."""
        column = self._known(name)
        sql = f"{self._select(column, vectors=vectors)} FROM {column.table} WHERE {column.key} = ANY(%s)"
        rows = self._rows("read rows", sql, (list(ids),))
        found = {str(row[0]): self._chunk(column, row, vectors=vectors) for row in rows}
        return tuple(found[id_] for id_ in ids if id_ in found)

    def matching(self, name: str, where: Where) -> int:
        """Rows that a filter leaves."""
        column = self._known(name)
        condition, values = self._condition(column, where)
        sql = f"SELECT count(*) FROM {column.table} WHERE {condition}"
        return int(self._rows("filter", sql, values)[0][0])

    def texts(self, name: str) -> Iterator[tuple[str, str]]:
        """Texts through a cursor on the server."""
        column = self._known(name)
        field = text_of(dict.fromkeys(column.fields, ""), self._fields.text)[0]
        if not field:
            return
        sql = f"SELECT {column.key}, {quoted(field)} FROM {column.table} WHERE {column.condition}"
        with (
            spoken("PostgreSQL cannot read the texts"),
            self._connection.transaction(),
            self._connection.cursor("texts") as cursor,
        ):
            cursor.itersize = TEXTS_AT_ONCE
            for id_, text in cursor.execute(sql):
                if isinstance(text, str) and text:
                    yield str(id_), text

    def close(self) -> None:
        """End the session."""
        self._connection.close()


def _parsed(text: Any, dimension: int | None) -> Vector:  # noqa: ANN401 - a value of PostgreSQL
    """A vector from pgvector's text form `[1,2,3]`; None for NULL."""
    if not isinstance(text, str):
        return None
    import numpy as np

    return as_vector(np.fromstring(text.strip("[]"), dtype=np.float32, sep=","), dimension)
