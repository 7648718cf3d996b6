"""What is no index, or no longer one, gets one sentence and leaves nothing behind."""

import importlib.util
import os
import pickle
import sqlite3
import tempfile
from pathlib import Path

import pytest

from doctor.errors import StoreError
from doctor.stores import opened
from doctor.stores.opening import LIBRARIES, kind_of
from doctor.stores.store import Fields
from tests.rag import indexes
from tests.stores.reading import reading, state

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)


class Evil:
    """Creates a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return (os.mkdir, (str(self.path),))


@pytest.fixture(autouse=True)
def nothing_left_behind(tmp_path, monkeypatch):
    """Copies are made in a folder of the test's own, which must be empty at the end."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    yield
    assert list(scratch.iterdir()) == []


def refused(place, words, fields=None, **options):
    with pytest.raises(StoreError, match=words):
        opened(str(place), fields, **options)


def test_places_that_hold_no_index_say_what_is_known(tmp_path):
    (tmp_path / "note.txt").write_text("hello")
    refused(tmp_path / "gone", "there is nothing at")
    refused(tmp_path, "no index was found in .*known are")
    refused(tmp_path / "note.txt", "no index that is known")
    (tmp_path / "empty.faiss").touch()
    refused(tmp_path / "empty.faiss", "is empty")


def test_a_store_that_does_not_exist_is_answered_with_the_nearest(tmp_path):
    refused(tmp_path, "no store 'chrome'.*chroma", kind="chrome")


def test_the_database_inside_a_chroma_folder_leads_to_the_folder(tmp_path):
    (tmp_path / "chroma.sqlite3").write_bytes(b"SQLite format 3\0")
    refused(tmp_path / "chroma.sqlite3", "name the folder")


def test_a_chroma_folder_that_is_no_database_is_refused_and_not_changed(tmp_path):
    indexes.need("chroma")
    folder = tmp_path / "index"
    folder.mkdir()
    (folder / "chroma.sqlite3").write_bytes(b"not a database at all" * 100)
    before = state(str(folder))
    refused(folder, "Chroma cannot open")
    assert state(str(folder)) == before


def test_a_chroma_folder_with_a_layout_that_its_library_does_not_know_is_refused(tmp_path, rows):
    place, _ = indexes.chroma(tmp_path, rows)
    with sqlite3.connect(Path(place) / "chroma.sqlite3") as database:
        database.execute("DROP TABLE collections")
    refused(place, "Chroma cannot open .*library is version")


def test_a_point_of_qdrant_that_would_run_code_is_refused(tmp_path, rows):
    place, _ = indexes.qdrant(tmp_path, rows)
    with sqlite3.connect(Path(place) / "collection" / "docs" / "storage.sqlite") as database:
        database.execute("UPDATE points SET point = ? WHERE rowid = 1", (pickle.dumps(Evil(tmp_path / "owned")),))
    refused(place, r"pickle that would load posix\.mkdir")
    assert not (tmp_path / "owned").exists()


def test_documents_of_langchain_that_would_run_code_are_refused(tmp_path, rows):
    place, _ = indexes.faiss(tmp_path, rows)
    Path(place).with_suffix(".pkl").write_bytes(pickle.dumps((Evil(tmp_path / "owned"), {})))
    refused(place, "pickle that would load")
    assert not (tmp_path / "owned").exists()


def test_a_faiss_file_that_is_cut_is_refused(tmp_path, rows):
    place, fields = indexes.faiss(tmp_path, rows)
    Path(place).write_bytes(Path(place).read_bytes()[:100])
    refused(place, "cannot be read as a FAISS index", fields)


def test_texts_that_are_no_json_lines_are_refused_with_the_line(tmp_path, rows):
    place, fields = indexes.faiss(tmp_path, rows)
    Path(fields.texts_file).write_text('{"text": "one"}\n[2]\n')
    refused(place, "line 2 of .* is not a JSON object", fields)
    Path(fields.texts_file).write_text("oops\n")
    refused(place, "line 1 of .* is not JSON", fields)


def test_an_sqlite_file_without_vec0_tables_has_no_collections(tmp_path):
    indexes.need("sqlite-vec")
    with sqlite3.connect(tmp_path / "other.db") as database:
        database.execute("CREATE TABLE t(x)")
    with reading((str(tmp_path / "other.db"), Fields())) as store:
        assert store.collections() == ()


def test_an_sqlite_file_with_a_log_is_read_from_a_copy_with_its_latest_rows(tmp_path, rows):
    place, fields = indexes.sqlite_vec(tmp_path, rows)
    import apsw

    writer = apsw.Connection(place)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("UPDATE chunks SET text = 'written just now' WHERE id = 1")
    before = state(str(tmp_path / "docs.db"))
    with reading((place, fields)) as store:
        assert store.fetch("docs", ["1"])[0].text == "written just now"
    assert state(str(tmp_path / "docs.db")) == before
    writer.close()


@pytest.mark.parametrize("kind", sorted(LIBRARIES))
def test_a_missing_extra_is_named_with_its_command(tmp_path, monkeypatch, kind):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    place = "postgresql://x@y/z" if kind == "pgvector" else str(tmp_path)
    refused(place, rf'pip install "llm-doctor\[{kind}\]"', kind=kind)


def test_two_vector_columns_ask_for_a_choice(tmp_path, rows):
    indexes.need("qdrant")
    from qdrant_client import QdrantClient, models

    client = QdrantClient(path=str(tmp_path / "q"))
    params = models.VectorParams(size=256, distance=models.Distance.DOT)
    client.create_collection("docs", vectors_config={"title": params, "body": params})
    client.upsert("docs", [models.PointStruct(id=1, vector={"body": rows.vectors[0].tolist()}, payload={"text": "x"})])
    client.close()
    with reading((str(tmp_path / "q"), Fields())) as store, pytest.raises(StoreError, match="--vector-field"):
        store.describe("docs")
    with reading((str(tmp_path / "q"), Fields(vector="body"))) as store:
        assert store.describe("docs").metric == "dot"
        assert store.sample("docs", 0, 5)[0].vector.size == 256


def test_the_kind_is_told_by_contents(tmp_path, rows):
    assert kind_of(Path(indexes.chroma(tmp_path, rows)[0])) == "chroma"
    assert kind_of(Path(indexes.qdrant(tmp_path, rows)[0])) == "qdrant"
    assert kind_of(Path(indexes.lancedb(tmp_path, rows)[0])) == "lancedb"
    assert kind_of(Path(indexes.faiss(tmp_path, rows)[0])) == "faiss"
    assert kind_of(Path(indexes.sqlite_vec(tmp_path, rows)[0])) == "sqlite-vec"


def test_an_index_in_use_is_read_from_a_copy(tmp_path, rows):
    """Qdrant's local mode locks its folder for one process, and the owner may well be running."""
    place, fields = indexes.qdrant(tmp_path, rows)
    from qdrant_client import QdrantClient

    owner = QdrantClient(path=place)
    try:
        with reading((place, fields)) as store:
            assert store.describe("docs").count == 60
    finally:
        owner.close()


def test_a_langchain_folder_of_faiss_has_its_texts(tmp_path, rows):
    """The classes are LangChain's by name; the pickle is written as that library writes it."""
    import sys
    import types

    names = ["langchain_core", "langchain_core.documents", "langchain_core.documents.base"]
    names += ["langchain_community", "langchain_community.docstore", "langchain_community.docstore.in_memory"]
    sys.modules |= {name: types.ModuleType(name) for name in names}
    document = type("Document", (), {"__module__": names[2]})
    store = type("InMemoryDocstore", (), {"__module__": names[5]})
    sys.modules[names[2]].Document, sys.modules[names[5]].InMemoryDocstore = document, store
    place, _ = indexes.faiss(tmp_path, rows)
    docs = {}
    for n, text in enumerate(rows.texts):
        docs[f"d{n}"] = document()
        docs[f"d{n}"].__dict__.update(page_content=text, metadata={"source": "a.md"})
    held = store()
    held._dict = docs
    Path(place).with_suffix(".pkl").write_bytes(pickle.dumps((held, {n: f"d{n}" for n in range(60)})))
    for name in names:
        del sys.modules[name]
    with reading((place, Fields())) as opened_store:
        (chunk,) = opened_store.fetch("docs", ["7"])
    assert (chunk.text, chunk.metadata["source"]) == (rows.texts[7], "a.md")


def test_a_huge_text_is_cut_and_binary_text_is_kept(tmp_path, rows):
    texts = [*rows.texts[:58], "x " * 200_000, "%PDF-1.7 \x00\x01\x02 \ufffd"]
    place = indexes.lancedb(tmp_path, rows.with_texts(texts))
    with reading(place) as store:
        held = [chunk.text for chunk in store.sample("docs", 0, 60)]
    assert max(map(len, held)) == 100_000
    assert any(text.startswith("%PDF") for text in held)


def test_zero_rows_are_no_error(tmp_path):
    indexes.need("chroma")
    import chromadb

    chromadb.PersistentClient(str(tmp_path / "c")).create_collection("docs")
    with reading((str(tmp_path / "c"), Fields())) as store:
        assert store.describe("docs").count == 0
        assert store.sample("docs", 0, 10) == ()
