"""Facts that need no model: vectors, chunks, source files and filters, on real indexes of several stores."""

import asyncio
import os

import numpy as np
import pytest

from doctor.errors import Skip
from doctor.facts import FilterTrial, Index, IndexChunks, IndexVectors, SourceFiles
from doctor.model import Depth
from tests.rag import indexes
from tests.rag.corpus import PLAYBOOKS, Corpus, corpus
from tests.rag.opening import asked
from tests.rag.word_vectors import word_vectors

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

ROWS = corpus(60).with_vectors(word_vectors(corpus(60).texts))
STORES = [indexes.chroma, indexes.qdrant, indexes.lancedb, indexes.faiss, indexes.sqlite_vec]


async def fact(kind, place, **said):
    async with asked(place, depth=Depth.PASSIVE, **said) as context:
        return await context.fact(kind)


@pytest.mark.parametrize("build", STORES, ids=lambda build: build.__name__)
async def test_a_healthy_index_finds_its_own_vectors_in_every_store(tmp_path, build):
    found = await fact(IndexVectors, build(tmp_path, ROWS))
    assert (found.sampled, found.bad, found.without_vector) == (60, 0, 0)
    assert found.sizes == {256: 60}
    assert (found.searched, found.self_missed, found.repeats) == (60, 0, 0)
    assert found.norm_spread < 1e-3


async def test_wishes_and_defaults_are_told_apart(tmp_path):
    place = indexes.chroma(tmp_path, ROWS)
    told = await fact(Index, place)
    assert (told.k, told.k_source) == (4, "usual value, as none was given")
    told = await fact(Index, place, k=9)
    assert (told.k, told.k_source, told.kind, told.metric) == (9, "-k", "chroma", "cosine")


async def test_lengths_and_unusable_vectors_are_measured(tmp_path):
    lengths = [vector * (1 + n % 5) for n, vector in enumerate(ROWS.vectors)]
    lengths[3] = np.zeros(256, "f4")
    lengths[4] = np.full(256, np.nan, "f4")
    found = await fact(IndexVectors, indexes.faiss(tmp_path, ROWS.with_vectors(lengths)))
    assert found.bad == 2
    assert found.norm_max == pytest.approx(5, rel=1e-3)
    assert found.norm_spread > 0.3


async def test_repeated_texts_are_seen_among_results_and_do_not_count_as_lost(tmp_path):
    twice = Corpus(
        ids=[f"{id_}-{copy}" for copy in range(3) for id_ in ROWS.ids],
        texts=ROWS.texts * 3,
        metadata=ROWS.metadata * 3,
        vectors=ROWS.vectors * 3,
    )
    found = await fact(IndexVectors, indexes.chroma(tmp_path, twice))
    assert found.repeats >= 0.5
    assert found.self_missed == 0


async def test_rows_that_an_index_cannot_reach_are_missed(tmp_path):
    """An IVF index of FAISS whose vectors were put into the wrong lists: stored, and not found."""
    indexes.need("faiss")
    import faiss

    quantizer = faiss.IndexFlatIP(256)
    index = faiss.IndexIVFFlat(quantizer, 256, 8, faiss.METRIC_INNER_PRODUCT)
    index.train(np.stack(ROWS.vectors))
    index.add(np.stack(ROWS.vectors))
    quantizer.reset()
    quantizer.add(np.roll(np.random.default_rng(0).normal(size=(8, 256)).astype("f4"), 3, axis=0))
    found = await fact(
        IndexVectors,
        indexes.faiss(
            tmp_path, Corpus(ids=[], texts=ROWS.texts, metadata=ROWS.metadata, vectors=[ROWS.vectors[0]]), index=index
        ),
    )
    assert found.self_missed > 10


async def test_chunks_without_content_are_counted_by_kind(tmp_path):
    texts = list(ROWS.texts)
    texts[:8] = ["", "ok", "1 2", "%PDF-1.4 x", "\x00\x01\x02\x03", "PK\x03\x04", ".", "\n"]
    for n in range(8, 30):
        texts[n] = "Acme handbook, internal use only, page\n" + str(n)
    found = await fact(IndexChunks, indexes.lancedb(tmp_path, ROWS.with_texts(texts)))
    assert (found.empty, found.binary, found.boilerplate) == (5, 3, 22)
    assert found.words_max > 30


async def test_an_index_without_texts_says_how_to_name_the_field(tmp_path):
    place, _ = indexes.faiss(tmp_path, ROWS)
    with pytest.raises(Skip, match="--text-field"):
        await fact(IndexChunks, (place, indexes.Fields()))


async def test_an_empty_collection_is_no_crash(tmp_path):
    indexes.need("chroma")
    import chromadb

    chromadb.PersistentClient(str(tmp_path / "c")).create_collection("docs")
    place = (str(tmp_path / "c"), indexes.Fields())
    assert (await fact(Index, place)).count == 0
    for kind in (IndexVectors, IndexChunks, SourceFiles):
        with pytest.raises(Skip, match="empty"):
            await fact(kind, place)


async def test_source_files_are_compared_with_a_folder(tmp_path):
    documents = tmp_path / "documents"
    documents.mkdir()
    names = sorted({metadata["source"] for metadata in ROWS.metadata})
    for name in names[2:]:
        (documents / name).write_text(next(PLAYBOOKS.glob(f"*/{name}")).read_text(encoding="utf-8"), encoding="utf-8")
    (documents / names[2]).write_text("Something else entirely.")
    found = await fact(SourceFiles, indexes.chroma(tmp_path, ROWS), documents=str(documents))
    assert found.missing == tuple(names[:2])
    assert found.changed == (names[2],)
    assert found.named == found.checked == len(names)


async def test_a_file_that_only_has_a_later_date_is_newer_and_not_changed(tmp_path):
    (tmp_path / "a.md").write_text(ROWS.texts[0])
    rows = ROWS.at([0])
    rows.metadata[0] = {"source": str(tmp_path / "a.md")}
    place = indexes.chroma(tmp_path, rows)
    os.utime(tmp_path / "a.md", (4e9, 4e9))
    found = await fact(SourceFiles, place)
    assert (found.newer, found.changed, found.missing) == ((str(tmp_path / "a.md"),), (), ())


async def test_names_that_lead_nowhere_are_not_judged(tmp_path):
    with pytest.raises(Skip, match="--documents"):
        await fact(SourceFiles, indexes.qdrant(tmp_path, ROWS))
    with pytest.raises(Skip, match="no folder"):
        await fact(SourceFiles, indexes.lancedb(tmp_path, ROWS), documents=str(tmp_path / "gone"))


async def test_a_filter_is_tried_and_shows_what_chunks_have(tmp_path):
    place = indexes.qdrant(tmp_path, ROWS)
    source = ROWS.metadata[0]["source"]
    found = await fact(FilterTrial, place, where={"source": source})
    assert found.matching > 0
    assert found.returned == found.wanted
    found = await fact(FilterTrial, place, where={"source": "Nobody.pdf"})
    assert (found.matching, found.returned) == (0, 0)
    assert source in found.known_values
    assert "source" in found.known_keys
    with pytest.raises(Skip, match="no filter"):
        await fact(FilterTrial, place)
    with pytest.raises(Skip, match="no filters"):
        await fact(FilterTrial, indexes.faiss(tmp_path, ROWS), where={"source": "x"})


async def test_everybody_waits_for_one_reading(tmp_path):
    async with asked(indexes.chroma(tmp_path, ROWS), depth=Depth.PASSIVE) as context:
        first, second = await asyncio.gather(context.index.sample(), context.index.sample())
    assert first is second
