"""Indexes made ill on purpose, and healthy ones that look odd: what is stored, who embeds, and what must be found.

Every index is real, made by its store's own library. The embedder is all-MiniLM-L6-v2 on the real llama.cpp engine,
with what it answered kept by text; a façade of the OpenAI wire in front of it does what a patient needs: cut or
refuse a text, answer for another model, add noise. Another model of the same size is the same network with its hidden
units in another order: its vectors are as good, and in another space.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from tests.rag import indexes
from tests.rag.corpus import PLAYBOOKS, Corpus, corpus
from tests.rag.embed_server import Faults
from tests.rag.minilm import NAME, MiniLm
from tests.rag.postgres import database

COUNT = 60  # chunks: enough for every check to speak, few enough to be embedded in seconds
SHORT = corpus(COUNT)
JOINED = [" ".join(SHORT.texts[n : n + 3]) for n in range(0, COUNT, 3)]
LONG = SHORT.at(range(0, COUNT, 3)).with_texts(JOINED)
ORDER = np.random.default_rng(1).permutation(384)
SMALLER = np.random.default_rng(2).normal(size=(384, 256)).astype("f4")
OTHER_NAME = "bge-small-en"


class Room(msgspec.Struct):
    """What a patient is made with: the model, an empty folder, a database server."""

    minilm: MiniLm
    folder: Path
    cluster: Callable[[], str]

    def vectors(self, texts, **which):
        return self.minilm.vectors(texts, **which)

    def rows(self, texts=None, rows: Corpus = SHORT, **which) -> Corpus:
        """The corpus with vectors of its texts, or of others."""
        return rows.with_vectors(self.vectors(rows.texts if texts is None else texts, **which))

    def database(self, name: str) -> str:
        return database(self.cluster(), name)


class Served(msgspec.Struct, frozen=True):
    """Who embeds; `models` None is the model as it is."""

    faults: Faults = Faults()
    name: str = NAME
    change: Callable[[list[Any]], list[Any]] | None = None
    others: tuple[str, ...] = ()  # further models of the server: the network in another order


class IndexPatient(msgspec.Struct, frozen=True):
    """One index: how it is made, who embeds, what the user says, and what must be found."""

    id: str
    store: str
    make: Callable[[Room], indexes.Place]
    causes: tuple[str, ...] = ()
    exit_codes: tuple[int, ...] = (0,)
    served: Served = Served()
    said: dict[str, Any] = {}
    collection: str = "docs"
    chat_window: int = 0  # a real chat engine with this window answers

    @property
    def healthy(self) -> bool:
        return not self.causes


def other(vectors):
    """The same model with its hidden units in another order."""
    return [vector[ORDER] for vector in vectors]


def smaller(vectors):
    """Unit vectors of fewer numbers."""
    made = np.stack(vectors) @ SMALLER
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def partly_other(room: Room) -> indexes.Place:
    rows = room.rows()
    mixed = [v[ORDER] if n % 5 < 2 else v for n, v in enumerate(rows.vectors)]
    return indexes.qdrant(room.folder, rows.with_vectors(mixed))


def lengths(room: Room, factor: float = 6.0) -> Corpus:
    """Vectors as long as their chunk has words, as raw sums of token vectors are."""
    rows = room.rows()
    return rows.with_vectors([v * len(t.split()) / factor for v, t in zip(rows.vectors, rows.texts, strict=True)])


def without_some(room: Room, every: int = 6) -> Corpus:
    rows = room.rows()
    return rows.with_vectors([None if n % every == 0 else v for n, v in enumerate(rows.vectors)])


def zeros(room: Room) -> indexes.Place:
    rows = room.rows()
    made = [np.zeros_like(v) if n % 12 == 0 else v for n, v in enumerate(rows.vectors)]
    return indexes.sqlite_vec(room.folder, rows.with_vectors(made))


def not_numbers(room: Room) -> indexes.Place:
    rows = room.rows()
    made = [np.full_like(v, np.nan) if n % 12 == 0 else v for n, v in enumerate(rows.vectors)]
    return indexes.faiss(room.folder, rows.with_vectors(made))


def untrained(room: Room) -> indexes.Place:
    import faiss

    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(384), 384, 8, faiss.METRIC_INNER_PRODUCT)
    return indexes.faiss(room.folder, room.rows(), index=index)


def few_lists(room: Room) -> indexes.Place:
    import faiss

    rows = room.rows()
    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(384), 384, 24, faiss.METRIC_INNER_PRODUCT)
    index.train(np.stack(rows.vectors))
    index.nprobe = 1
    return indexes.faiss(room.folder, rows, index=index)


def early_ivfflat(room: Room) -> indexes.Place:
    """An ivfflat index made when the table held six rows; the rest came later. The planner must use it."""
    import psycopg

    url = room.database("early")
    rows = room.rows()
    indexes.pgvector(url, rows.at(range(6)), index="")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE INDEX ON docs USING ivfflat (embedding vector_cosine_ops) WITH (lists = 30)")
        for n in range(6, len(rows.ids)):
            values = (rows.ids[n], rows.texts[n], json.dumps(rows.metadata[n]), str(rows.vectors[n].tolist()))
            connection.execute("INSERT INTO docs VALUES(%s, %s, %s, %s)", values)
        connection.execute("ALTER DATABASE early SET enable_seqscan = off")
    return url, indexes.Fields()


def starving(room: Room) -> indexes.Place:
    """An hnsw index that looks at ten rows, and a filter that leaves one row in twelve."""
    import psycopg

    url = room.database("starving")
    rows = room.rows()
    rows = rows.with_vectors(rows.vectors)
    for n, metadata in enumerate(rows.metadata):
        metadata["shelf"] = "rare" if n % 12 == 0 else "common"
    indexes.pgvector(url, rows)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER DATABASE starving SET enable_seqscan = off")
        connection.execute("ALTER DATABASE starving SET hnsw.ef_search = 10")
    return url, indexes.Fields()


def stale(room: Room) -> indexes.Place:
    """Documents beside the index: some gone, some rewritten."""
    rows = room.rows()
    documents = room.folder / "documents"
    documents.mkdir()
    for n, name in enumerate(sorted({metadata["source"] for metadata in rows.metadata})):
        text = next(PLAYBOOKS.glob(f"*/{name}")).read_text(encoding="utf-8")
        if n % 4 == 0:
            continue
        (documents / name).write_text("Rewritten from the first word." if n % 4 == 1 else text, encoding="utf-8")
    return indexes.chroma(room.folder, rows)


def tripled(room: Room) -> indexes.Place:
    rows = room.rows()
    return indexes.chroma(
        room.folder,
        Corpus(
            ids=[f"{id_}-{copy}" for copy in range(3) for id_ in rows.ids],
            texts=rows.texts * 3,
            metadata=rows.metadata * 3,
            vectors=rows.vectors * 3,
        ),
    )


def hollow(room: Room) -> indexes.Place:
    """A fifth of the chunks hold nothing: empty pages, a header, bytes of a PDF."""
    texts = list(SHORT.texts)
    for n in range(0, COUNT, 5):
        texts[n] = ("12", "Acme handbook, internal use only", "%PDF-1.7 \x00\x01 obj")[n // 5 % 3]
    return indexes.qdrant(room.folder, room.rows(texts).with_texts(texts))


def refused(room: Room) -> indexes.Place:
    texts = [text if n % 3 else f"{text} {text} {text}" for n, text in enumerate(SHORT.texts)]
    return indexes.lancedb(room.folder, room.rows(texts).with_texts(texts))


def with_metadata(room: Room) -> indexes.Place:
    texts = [
        "\n".join(f"{key}: {value}" for key, value in metadata.items()) + "\n\n" + text
        for text, metadata in zip(SHORT.texts, SHORT.metadata, strict=True)
    ]
    return indexes.chroma(room.folder, room.rows(texts))


def open_webui(room: Room, vectors) -> indexes.Place:
    import sqlite3

    indexes.chroma(room.folder, SHORT.with_vectors(vectors), name="kb-1")
    (room.folder / "chroma").rename(room.folder / "vector_db")
    with sqlite3.connect(room.folder / "webui.db") as connection:
        connection.execute("CREATE TABLE config(key TEXT PRIMARY KEY, value JSON, updated_at BIGINT)")
        for key, value in {"rag.embedding_engine": "openai", "rag.embedding_model": NAME, "rag.top_k": 5}.items():
            connection.execute("INSERT INTO config VALUES(?, ?, 0)", (key, json.dumps(value)))
    return str(room.folder), indexes.Fields()


def overlapping(room: Room) -> indexes.Place:
    """Each chunk begins with the last words of the one before, as splitters do."""
    before = ["", *(" ".join(text.split()[-6:]) + " " for text in SHORT.texts[:-1])]
    texts = [head + text for head, text in zip(before, SHORT.texts, strict=True)]
    return indexes.lancedb(room.folder, room.rows(texts).with_texts(texts))


def noisy(vectors):
    """A little different for every request."""
    rng = np.random.default_rng()
    return [vector + rng.normal(scale=0.02, size=vector.size).astype("f4") for vector in vectors]


def prefixed(prefix: str):
    return [prefix + text for text in SHORT.texts]


def headed(texts, count: int = 25):
    return [" ".join(text.split()[:count]) for text in texts]


SWITCHED, PREFIX, CUT = ("rag-model-switched",), ("rag-prefix-missing",), ("rag-embed-truncation",)
INCOMPLETE, NAN, FILTER = ("rag-index-incomplete",), ("rag-nan-zero",), ("rag-filter-excludes",)

SICK = [
    IndexPatient(
        "another-model",
        "chroma",
        lambda r: indexes.chroma(r.folder, r.rows().with_vectors(other(r.rows().vectors))),
        SWITCHED,
        (2,),
    ),
    IndexPatient("partly-another-model", "qdrant", partly_other, SWITCHED, (2,)),
    IndexPatient(
        "another-size",
        "lancedb",
        lambda r: indexes.lancedb(r.folder, SHORT.with_vectors(smaller(r.rows().vectors))),
        SWITCHED,
        (2,),
    ),
    IndexPatient(
        "another-pooling", "faiss", lambda r: indexes.faiss(r.folder, r.rows(pooling="cls")), SWITCHED, (1, 2)
    ),
    IndexPatient(
        "model-still-there",
        "sqlite-vec",
        lambda r: indexes.sqlite_vec(r.folder, SHORT.with_vectors(other(r.rows().vectors))),
        SWITCHED,
        (2,),
        served=Served(others=(OTHER_NAME,)),
    ),
    IndexPatient(
        "wrong-prefix", "chroma", lambda r: indexes.chroma(r.folder, r.rows(prefixed("query: "))), PREFIX, (1,)
    ),
    IndexPatient(
        "claimed-prefix",
        "qdrant",
        lambda r: indexes.qdrant(r.folder, r.rows()),
        PREFIX,
        (1,),
        said={"document_prefix": "passage: "},
    ),
    IndexPatient(
        "cut-when-indexed",
        "pgvector",
        lambda r: indexes.pgvector(r.database("cut"), r.rows(headed(SHORT.texts))),
        CUT,
        (1,),
    ),
    IndexPatient(
        "cut-by-the-embedder",
        "lancedb",
        lambda r: indexes.lancedb(r.folder, r.rows(headed(LONG.texts, 60), LONG)),
        CUT,
        (1,),
        served=Served(faults=Faults(cut_words=60)),
    ),
    IndexPatient(
        "lengths-under-dot", "faiss", lambda r: indexes.faiss(r.folder, lengths(r)), ("rag-unnormalised",), (1,)
    ),
    IndexPatient(
        "lengths-under-l2",
        "pgvector",
        lambda r: indexes.pgvector(r.database("l2"), lengths(r), metric="l2"),
        ("rag-unnormalised",),
        (1,),
    ),
    IndexPatient("zeros", "sqlite-vec", zeros, NAN, (2,)),
    IndexPatient("not-numbers", "faiss", not_numbers, NAN, (2,)),
    IndexPatient(
        "rows-without-vectors", "lancedb", lambda r: indexes.lancedb(r.folder, without_some(r)), INCOMPLETE, (1,)
    ),
    IndexPatient(
        "nulls", "pgvector", lambda r: indexes.pgvector(r.database("nulls"), without_some(r)), INCOMPLETE, (1,)
    ),
    IndexPatient("untrained", "faiss", untrained, INCOMPLETE, (2,)),
    IndexPatient("one-list-of-many", "faiss", few_lists, INCOMPLETE, (2,)),
    IndexPatient("index-made-too-early", "pgvector", early_ivfflat, INCOMPLETE, (2,)),
    IndexPatient("stale", "chroma", stale, ("rag-index-stale",), (1,)),
    IndexPatient(
        "filter-of-another-spelling",
        "sqlite-vec",
        lambda r: indexes.sqlite_vec(r.folder, r.rows()),
        FILTER,
        (2,),
        said={"where": {"source": "Conn-Auth.md"}},
    ),
    IndexPatient("filter-after-the-index", "pgvector", starving, FILTER, (1,), said={"where": {"shelf": "rare"}}),
    IndexPatient("indexed-three-times", "chroma", tripled, ("rag-duplicate-chunks",), (1,)),
    IndexPatient("hollow-chunks", "qdrant", hollow, ("rag-empty-chunks",), (1,)),
    IndexPatient(
        "refused-today",
        "lancedb",
        refused,
        ("rag-embed-overflow-error",),
        (1,),
        served=Served(faults=Faults(refuse_words=90)),
    ),
    IndexPatient(
        "unsteady-embedder",
        "sqlite-vec",
        lambda r: indexes.sqlite_vec(r.folder, r.rows()),
        ("rag-nondeterministic",),
        (1,),
        served=Served(change=noisy),
    ),
    IndexPatient(
        "passages-over-window",
        "chroma",
        lambda r: indexes.chroma(r.folder, r.rows()),
        ("rag-ctx-truncation",),
        (1,),
        said={"k": 20},
        chat_window=512,
    ),
    IndexPatient(
        "webui-switched", "chroma", lambda r: open_webui(r, other(r.rows().vectors)), SWITCHED, (2,), collection="kb-1"
    ),
]

HEALTHY = [
    IndexPatient("healthy-chroma", "chroma", lambda r: indexes.chroma(r.folder, r.rows())),
    IndexPatient(
        "healthy-qdrant-prefix",
        "qdrant",
        lambda r: indexes.qdrant(r.folder, r.rows(prefixed("search_document: "))),
        served=Served(name="nomic-embed-text"),
        said={"query_prefix": "search_query: "},
    ),
    IndexPatient("healthy-lancedb-overlap", "lancedb", overlapping),
    IndexPatient("healthy-faiss", "faiss", lambda r: indexes.faiss(r.folder, r.rows())),
    IndexPatient(
        "healthy-other-quantisation", "sqlite-vec", lambda r: indexes.sqlite_vec(r.folder, r.rows(kind="f16"))
    ),
    IndexPatient(
        "healthy-pgvector-filter",
        "pgvector",
        lambda r: indexes.pgvector(r.database("healthy"), r.rows()),
        said={"where": {"source": "conn-auth.md"}},
    ),
    IndexPatient("healthy-lengths-under-cosine", "sqlite-vec", lambda r: indexes.sqlite_vec(r.folder, lengths(r))),
    IndexPatient("healthy-metadata-in-front", "chroma", with_metadata),
    IndexPatient("healthy-webui", "chroma", lambda r: open_webui(r, r.rows().vectors), collection="kb-1"),
    IndexPatient("healthy-long-chunks", "qdrant", lambda r: indexes.qdrant(r.folder, r.rows(rows=LONG))),
]
