"""What every store must do, on real indexes made by its own library: count, sample, search, filter, not write."""

import numpy as np
import pytest

from tests.rag import indexes
from tests.rag.postgres import database
from tests.stores.reading import reading, state

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

KINDS = ("chroma", "qdrant", "lancedb", "faiss", "sqlite_vec", "pgvector")
FILTERING = tuple(kind for kind in KINDS if kind != "faiss")


@pytest.fixture(scope="module")
def places(rows, tmp_path_factory, request):
    """An index of every kind, made when it is first asked for."""
    made = {}

    def place(kind):
        if kind not in made:
            if kind == "pgvector":
                url = database(request.getfixturevalue("cluster"), "contract")
                made[kind] = indexes.pgvector(url, rows)
            else:
                made[kind] = getattr(indexes, kind)(tmp_path_factory.mktemp(kind), rows)
        return made[kind]

    return place


@pytest.mark.parametrize("kind", KINDS)
def test_a_collection_is_described(places, rows, kind):
    with reading(places(kind)) as store:
        assert store.collections() == ("docs",)
        told = store.describe("docs")
    assert (told.count, told.dimension) == (60, 256)
    assert told.metric == {"faiss": "dot", "lancedb": "l2"}.get(kind, "cosine")
    assert told.without_vector in (0, None)
    assert store.version


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_has_texts_vectors_and_metadata_and_repeats(places, rows, kind):
    with reading(places(kind)) as store:
        chunks = store.sample("docs", 7, 20)
        again = store.sample("docs", 7, 20)
        others = store.sample("docs", 8, 20)
    by_text = dict(zip(rows.texts, rows.vectors, strict=True))
    assert 10 <= len(chunks) <= 20
    assert [chunk.id for chunk in chunks] == [chunk.id for chunk in again]
    assert [chunk.id for chunk in chunks] != [chunk.id for chunk in others]
    for chunk in chunks:
        assert np.allclose(chunk.vector, by_text[chunk.text], atol=1e-5)
    assert all(chunk.metadata["source"].endswith(".md") for chunk in chunks)


@pytest.mark.parametrize("kind", KINDS)
def test_a_sample_larger_than_the_collection_is_all_of_it(places, rows, kind):
    with reading(places(kind)) as store:
        chunks = store.sample("docs", 0, 1000)
    assert sorted(chunk.text for chunk in chunks) == sorted(rows.texts)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stored_vector_finds_its_own_row_and_the_nearest_ones(places, rows, kind):
    with reading(places(kind)) as store:
        (chunk, *_) = store.sample("docs", 0, 60)
        found = store.query("docs", chunk.vector, 5, {})
        texts = [row.text for row in store.fetch("docs", found)]
    scores = np.stack(rows.vectors) @ chunk.vector
    assert found[0] == chunk.id
    assert texts == [rows.texts[place] for place in np.argsort(-scores)[:5]]


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_fetched_with_vectors_when_asked(places, kind):
    with reading(places(kind)) as store:
        chunk = store.sample("docs", 0, 60)[3]
        (bare,) = store.fetch("docs", [chunk.id])
        (whole,) = store.fetch("docs", [chunk.id], vectors=True)
    assert bare.vector is None
    assert np.allclose(whole.vector, chunk.vector)
    assert bare.text == whole.text == chunk.text


@pytest.mark.parametrize("kind", FILTERING)
def test_a_filter_limits_what_is_counted_and_found(places, rows, kind):
    source = rows.metadata[0]["source"]
    held = {text for text, metadata in zip(rows.texts, rows.metadata, strict=True) if metadata["source"] == source}
    with reading(places(kind)) as store:
        assert store.matching("docs", {"source": source}) == len(held)
        assert store.matching("docs", {"source": "no such file"}) == 0
        found = store.query("docs", rows.vectors[-1], 3, {"source": source})
        assert {row.text for row in store.fetch("docs", found)} <= held
        assert found


@pytest.mark.parametrize("kind", KINDS)
def test_all_texts_are_read_with_their_ids(places, rows, kind):
    with reading(places(kind)) as store:
        texts = dict(store.texts("docs"))
        sample = store.sample("docs", 0, 60)
    assert sorted(texts.values()) == sorted(rows.texts)
    assert all(texts[chunk.id] == chunk.text for chunk in sample)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "pgvector"])
def test_nothing_on_the_disk_is_changed(places, kind):
    path = places(kind)[0]
    before = state(path)
    with reading(places(kind)) as store:
        store.describe("docs")
        (chunk, *_) = store.sample("docs", 0, 10)
        store.query("docs", chunk.vector, 5, {})
        list(store.texts("docs"))
    assert state(path) == before
