"""What `rag` cannot examine: one sentence that says what to do, exit code 3, and everything as it was.

Real indexes of every store, damaged; the command is a process of its own. What is wrong inside a readable index (two
sizes of vectors, a huge chunk, bytes of a file) is no bad input but a finding, which the last tests show.
"""

import json
import re
import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from tests.rag import indexes
from tests.rag.corpus import corpus
from tests.rag.embed_server import embedding
from tests.rag.postgres import database, postgres
from tests.rag.threaded import in_thread
from tests.rag.word_vectors import word_vectors
from tests.stores.reading import state

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

PLAIN = corpus(60)
ROWS = PLAIN.with_vectors(word_vectors(PLAIN.texts))
ALONE = ("--skip", "embeddings")
STORES = ("chroma", "qdrant", "lancedb", "faiss", "sqlite_vec")


@pytest.fixture(scope="module")
def cluster():
    with postgres() as url:
        yield url


@pytest.fixture(scope="module")
def embedder():
    with in_thread(lambda: embedding({"all-minilm": word_vectors})) as (url, _):
        yield url


def one_sentence(ended, words):
    """Exit code 3, nothing on standard output, one line that matches."""
    assert (ended.returncode, ended.stdout) == (3, ""), ended.stderr
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert re.search(words, ended.stderr), ended.stderr


def built(tmp_path, store):
    folder = tmp_path / "index"
    folder.mkdir()
    return getattr(indexes, store)(folder, ROWS)


def emptied(place, store):
    """Every row of the index, deleted by its own library; the place."""
    if store == "chroma":
        import chromadb

        settings = chromadb.Settings(anonymized_telemetry=False)
        chromadb.PersistentClient(place, settings=settings).get_collection("docs").delete(ids=ROWS.ids)
    elif store == "qdrant":
        from qdrant_client import QdrantClient, models

        client = QdrantClient(path=place)
        client.delete("docs", models.FilterSelector(filter=models.Filter()))
        client.close()
    elif store == "lancedb":
        import lancedb

        lancedb.connect(place).open_table("docs").delete("true")
    elif store == "faiss":
        import faiss

        faiss.write_index(faiss.IndexFlatIP(256), place)
    else:
        import apsw
        import sqlite_vec

        connection = apsw.Connection(place)
        connection.enable_load_extension(True)
        connection.load_extension(sqlite_vec.loadable_path())
        connection.execute("DELETE FROM docs; DELETE FROM chunks")
        connection.close()
    return place


@pytest.mark.parametrize("store", STORES)
def test_an_index_without_rows_says_what_to_do_first(doctor, tmp_path, store):
    place = emptied(built(tmp_path, store)[0], store)
    before = state(place)
    one_sentence(doctor("rag", place), r"docs at .* holds no rows.*index your documents first.*--collection")
    assert state(place) == before


def test_a_table_without_rows_says_so(doctor, cluster):
    url = database(cluster, "empty")
    indexes.pgvector(url, ROWS)
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM docs")
    one_sentence(doctor("rag", url), "holds no rows")


def test_one_empty_collection_of_several_is_a_finding(doctor, tmp_path, embedder):
    import lancedb

    place = built(tmp_path, "lancedb")[0]
    connection = lancedb.connect(place)
    connection.create_table("drafts", connection.open_table("docs").to_arrow()).delete("true")
    ended = doctor("rag", place, "--target", embedder, *ALONE, "--format", "json")
    states = {target["url"].partition("#")[2]: target["state"] for target in json.loads(ended.stdout)["targets"]}
    assert (ended.returncode, states) == (2, {"docs": "ok", "drafts": "critical"})


DAMAGED = {
    "chroma": ("chroma.sqlite3", b"not a database " * 50, r"Chroma cannot open .*its library is version"),
    "qdrant": ("meta.json", b"{", r"Qdrant's local mode cannot open"),
    "lancedb": ("docs.lance/_versions", None, r"LanceDB cannot open the table docs"),
    "faiss": ("docs.faiss", b"IxZZ" + b"\0" * 400, r"cannot be read as a FAISS index \(library version"),
    "sqlite_vec": ("docs.db", b"SQLite format 3\0" + b"\xff" * 5000, r"docs.db|sqlite-vec cannot"),
}


@pytest.mark.parametrize("store", STORES)
def test_an_index_of_a_form_that_the_library_does_not_know_is_refused(doctor, tmp_path, store):
    place = Path(built(tmp_path, store)[0])
    name, content, words = DAMAGED[store]
    file = place / name if place.is_dir() else place
    if content is None:
        shutil.rmtree(file)
    else:
        file.write_bytes(content)
    before = state(str(place))
    one_sentence(doctor("rag", str(place)), words)
    assert state(str(place)) == before


def test_a_database_without_pgvector_says_so(doctor, cluster):
    one_sentence(doctor("rag", database(cluster, "bare")), "has no extension named vector")


def test_a_locked_table_is_given_up_with_a_sentence(doctor, cluster):
    url = database(cluster, "locked")
    indexes.pgvector(url, ROWS)
    import psycopg

    with psycopg.connect(url) as connection:
        connection.execute("LOCK TABLE docs IN ACCESS EXCLUSIVE MODE")
        one_sentence(doctor("rag", url), "lock timeout")


def test_a_locked_sqlite_file_is_read_all_the_same(doctor, tmp_path, embedder):
    place = built(tmp_path, "sqlite_vec")[0]
    with sqlite3.connect(place, isolation_level=None) as owner:
        owner.execute("BEGIN EXCLUSIVE")
        before = state(place)
        ended = doctor("rag", place, "--target", embedder, *ALONE)
        assert (ended.returncode, state(place)) == (0, before)
        owner.execute("ROLLBACK")


def test_an_index_that_is_being_written_asks_for_patience(doctor, tmp_path):
    """A writer that never rests: the copy that is made of the folder can never be a whole one."""
    place = built(tmp_path, "chroma")[0]
    log = Path(place) / "growing"
    stop = threading.Event()

    def write():
        with log.open("ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"x" * 100)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        one_sentence(doctor("rag", place), "is being written to just now; stop the indexing and try again")
    finally:
        stop.set()
        writer.join()


HIDES = """
import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: None if name == {module!r} else found(name, *more)
"""


@pytest.mark.parametrize(
    ("store", "module"),
    [
        ("chroma", "chromadb"),
        ("qdrant", "qdrant_client"),
        ("lancedb", "lancedb"),
        ("faiss", "faiss"),
        ("sqlite_vec", "apsw"),
    ],
)
def test_a_missing_library_is_named_with_its_extra(doctor, tmp_path, store, module):
    place = built(tmp_path, store)[0]
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HIDES.format(module=module))
    root = Path(__file__).resolve().parents[2]
    before = state(place)
    ended = doctor("rag", place, env={"PYTHONPATH": f"{tmp_path / 'site'}:{root}"})
    one_sentence(ended, rf'needs {module}: pip install "llm-doctor\[{store.replace("_", "-")}\]"')
    assert state(place) == before


def findings(ended):
    return {finding["symptom"] for finding in json.loads(ended.stdout)["targets"][0]["findings"]}


def test_two_sizes_of_vectors_are_a_finding(doctor, cluster, embedder):
    url = database(cluster, "sizes")
    indexes.pgvector(url, ROWS, index="")
    import psycopg

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("ALTER TABLE docs ALTER COLUMN embedding TYPE vector")
        for id_ in ROWS.ids[:20]:
            connection.execute("UPDATE docs SET embedding = %s WHERE id = %s", (str(np.ones(64).tolist()), id_))
    ended = doctor("rag", url, "--target", embedder, *ALONE, "--format", "json")
    assert ended.returncode == 2
    assert "index-mixed-dimensions" in findings(ended)


def test_huge_chunks_and_bytes_of_files_are_read_and_judged(doctor, tmp_path, embedder):
    texts = [f"%PDF-1.7 \x01\x02\x03 {n}" if n % 5 == 0 else text for n, text in enumerate(PLAIN.texts)]
    texts[1] = "endless words " * 50_000
    folder = tmp_path / "index"
    folder.mkdir()
    rows = PLAIN.with_texts(texts).with_vectors(word_vectors(texts))
    place = indexes.lancedb(folder, rows)[0]
    before = state(place)
    ended = doctor("rag", place, "--target", embedder, *ALONE, "--format", "json")
    assert ended.returncode in (1, 2)
    assert "index-empty-chunks" in findings(ended)
    assert json.loads(ended.stdout)["coverage"]["crashed"] == 0
    assert state(place) == before
