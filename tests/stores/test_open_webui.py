"""Open WebUI's data folder: both forms of its settings, names of collections, and nothing changed."""

import json
import sqlite3

import pytest

from doctor.stores import opened
from doctor.stores.index import collections_of
from doctor.stores.opening import kind_of
from tests.rag import indexes
from tests.stores.reading import state

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

RAG = {"embedding_engine": "ollama", "embedding_model": "nomic-embed-text", "ollama": {"url": "http://127.0.0.1:11434"},
       "top_k": 7, "chunk_size": 800}  # fmt: skip


def data_folder(tmp_path, rows, *, flat):
    indexes.chroma(tmp_path, rows, name="3f0c-handbook-id")
    (tmp_path / "chroma").rename(tmp_path / "vector_db")
    with sqlite3.connect(tmp_path / "webui.db") as database:
        if flat:
            database.execute("CREATE TABLE config(key TEXT PRIMARY KEY, value JSON, updated_at BIGINT)")
            pairs = {**{f"rag.{k}": v for k, v in RAG.items() if k != "ollama"}, "rag.ollama.url": RAG["ollama"]["url"]}
            rows_ = [(key, json.dumps(value), 0) for key, value in pairs.items()]
            database.executemany("INSERT INTO config VALUES(?, ?, ?)", rows_)
        else:
            database.execute("CREATE TABLE config(id INTEGER PRIMARY KEY, data JSON, version INTEGER)")
            database.execute("INSERT INTO config(data, version) VALUES(?, 0)", (json.dumps({"rag": RAG}),))
        database.execute("CREATE TABLE knowledge(id TEXT, name TEXT)")
        database.execute("INSERT INTO knowledge VALUES('3f0c-handbook-id', 'Handbook')")
    return tmp_path


@pytest.mark.parametrize("flat", [True, False], ids=["a row a setting", "one row"])
def test_settings_and_names_are_read(tmp_path, rows, flat):
    folder = data_folder(tmp_path, rows, flat=flat)
    before = state(str(folder))
    found = opened(str(folder))
    try:
        assert found.store.kind == "chroma"
        assert found.recorded.model == "nomic-embed-text"
        assert (found.recorded.url, found.recorded.top_k) == ("http://127.0.0.1:11434", 7)
        assert collections_of(found, ["Handbook"]) == ("3f0c-handbook-id",)
    finally:
        found.store.close()
    assert state(str(folder)) == before


def test_settings_that_were_never_changed_are_the_defaults(tmp_path, rows):
    folder = data_folder(tmp_path, rows, flat=True)
    with sqlite3.connect(folder / "webui.db") as database:
        database.execute("DELETE FROM config")
    found = opened(str(folder))
    found.store.close()
    assert found.recorded.model == "sentence-transformers/all-MiniLM-L6-v2"
    assert found.recorded.top_k == 3
    assert "inside its own process" in found.recorded.by


def test_the_folder_of_vectors_alone_is_chroma(tmp_path, rows):
    assert kind_of(data_folder(tmp_path, rows, flat=True) / "vector_db") == "chroma"
