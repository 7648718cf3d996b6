"""Real indexes made of a corpus, one function a store; each gives the place to open and the fields to open it with."""

import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pytest

from doctor.stores.opening import LIBRARIES
from doctor.stores.store import Fields
from tests.rag.corpus import Corpus

Place = tuple[str, Fields]
AT_ONCE = 2_000  # rows that are written at once


def need(kind: str) -> None:
    """Skip a test whose store is not installed; in continuous integration it must be."""
    missing = [name for name in LIBRARIES[kind] if importlib.util.find_spec(name) is None]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"the extra {kind} is not installed")
    assert not missing, f"the extra {kind} is not installed"


def chroma(folder: Path, rows: Corpus, *, metric: str = "cosine", name: str = "docs") -> Place:
    need("chroma")
    import chromadb

    client = chromadb.PersistentClient(str(folder / "chroma"), settings=chromadb.Settings(anonymized_telemetry=False))
    held = [n for n, vector in enumerate(rows.vectors) if vector is not None]
    rows = rows.at(held)
    collection = client.create_collection(name, metadata={"hnsw:space": metric})
    for start in range(0, len(rows.ids), AT_ONCE):
        some = rows.at(range(start, min(start + AT_ONCE, len(rows.ids))))
        collection.add(ids=some.ids, embeddings=some.vectors, documents=some.texts, metadatas=some.metadata)
    return str(folder / "chroma"), Fields()


def qdrant(folder: Path, rows: Corpus, *, metric: str = "COSINE", name: str = "docs") -> Place:
    need("qdrant")
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(folder / "qdrant"))
    size = next(len(vector) for vector in rows.vectors if vector is not None)
    params = models.VectorParams(size=size, distance=models.Distance[metric])
    client.create_collection(name, vectors_config=params)
    # The library commits each point by itself; nobody needs these to outlive a power cut.
    client._client.collections[name].storage.storage.execute("PRAGMA synchronous = OFF")
    for start in range(0, len(rows.ids), AT_ONCE):
        places = range(start, min(start + AT_ONCE, len(rows.ids)))
        client.upsert(name, points=[_point(models, rows, place) for place in places])
    client.close()
    return str(folder / "qdrant"), Fields()


def _point(models, rows: Corpus, place: int):
    """A point as LangChain writes it."""
    metadata = rows.metadata[place]
    payload = {"page_content": rows.texts[place], "metadata": metadata, **metadata}
    return models.PointStruct(id=place, vector=rows.vectors[place].tolist(), payload=payload)


def lancedb(folder: Path, rows: Corpus, *, metric: str = "l2", name: str = "docs") -> Place:
    need("lancedb")
    import lancedb as library
    import pyarrow as pa

    size = next(len(vector) for vector in rows.vectors if vector is not None)
    vectors = pa.array(
        [None if vector is None else vector for vector in rows.vectors], type=pa.list_(pa.float32(), size)
    )
    columns = {
        "id": rows.ids,
        "text": rows.texts,
        "source": [metadata["source"] for metadata in rows.metadata],
        "vector": vectors,
    }
    library.connect(str(folder / "lance")).create_table(name, pa.table(columns), on_bad_vectors="null")
    return str(folder / "lance"), Fields(metric="" if metric == "l2" else metric)


def faiss(folder: Path, rows: Corpus, *, metric: str = "dot", index=None) -> Place:
    need("faiss")
    import faiss as library

    held = [vector for vector in rows.vectors if vector is not None]
    if index is None:
        size = len(held[0])
        index = library.IndexFlatIP(size) if metric == "dot" else library.IndexFlatL2(size)
    if index.is_trained:
        index.add(np.stack(held))
    library.write_index(index, str(folder / "docs.faiss"))
    lines = [json.dumps({"text": text, **metadata}) for text, metadata in zip(rows.texts, rows.metadata, strict=True)]
    (folder / "docs.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return str(folder / "docs.faiss"), Fields(texts_file=str(folder / "docs.jsonl"))


def sqlite_vec(folder: Path, rows: Corpus, *, metric: str = "cosine", name: str = "docs") -> Place:
    need("sqlite-vec")
    import apsw
    import sqlite_vec as library

    path = folder / "docs.db"
    connection = apsw.Connection(str(path))
    connection.enable_load_extension(True)
    connection.load_extension(library.loadable_path())
    size = len(rows.vectors[0])
    connection.execute(
        f"CREATE VIRTUAL TABLE {name} USING vec0(embedding float[{size}] distance_metric={metric}, source text);"
        "CREATE TABLE IF NOT EXISTS chunks(id INTEGER PRIMARY KEY, text TEXT, page INTEGER)"
    )
    with connection:
        for n, (vector, text, metadata) in enumerate(zip(rows.vectors, rows.texts, rows.metadata, strict=True), 1):
            connection.execute("INSERT OR REPLACE INTO chunks VALUES(?, ?, ?)", (n, text, metadata.get("page", 0)))
            if vector is not None:
                values = (n, vector.tobytes(), metadata["source"])
                connection.execute(f"INSERT INTO {name}(rowid, embedding, source) VALUES(?, ?, ?)", values)
    connection.close()
    return str(path), Fields()


def pgvector(url: str, rows: Corpus, *, index: str = "hnsw", metric: str = "cosine", name: str = "docs") -> Place:
    need("pgvector")
    import psycopg

    size = next(len(vector) for vector in rows.vectors if vector is not None)
    operators = {"cosine": "vector_cosine_ops", "dot": "vector_ip_ops", "l2": "vector_l2_ops"}[metric]
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
        connection.execute(f"CREATE TABLE {name}(id text PRIMARY KEY, text text, meta jsonb, embedding vector({size}))")
        with connection.cursor() as cursor:
            cursor.executemany(
                f"INSERT INTO {name} VALUES(%s, %s, %s, %s)",
                [
                    (id_, text, json.dumps(metadata), None if vector is None else str(vector.tolist()))
                    for id_, text, metadata, vector in zip(
                        rows.ids, rows.texts, rows.metadata, rows.vectors, strict=True
                    )
                ],
            )
        if index:
            connection.execute("SET maintenance_work_mem = '1GB'")  # with less a large graph is built on the disk
            connection.execute(f"CREATE INDEX ON {name} USING {index} (embedding {operators})")
        connection.execute(f"ANALYZE {name}")
    return url, Fields()
