"""The re-embed test on real indexes; the embedder is a façade that computes vectors from words, so that each way in
which an index can be made is known exactly.
"""

import msgspec
import numpy as np
import pytest

from doctor.errors import Skip
from doctor.facts import Reembedding
from tests.rag import indexes
from tests.rag.corpus import corpus
from tests.rag.embed_server import Faults, embedding
from tests.rag.opening import asked
from tests.rag.word_vectors import word_vectors

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

ROWS = corpus(60)
NAME = "nomic-embed-text"  # the façade's model; its family wants prefixes


async def reembedded(folder, rows, *, build=indexes.chroma, models=None, faults=None, **said):
    place = build(folder, rows)
    async with embedding(models or {NAME: word_vectors}, faults) as (url, _), asked(place, url, **said) as context:
        return await context.fact(Reembedding)


def made_from(texts, **options):
    return ROWS.with_vectors(word_vectors(texts, **options))


async def test_an_index_of_the_same_model_is_made_again(tmp_path):
    found = await reembedded(tmp_path, made_from(ROWS.texts))
    assert (found.compared, found.agree, found.readings) == (32, 32, ())
    assert found.words_s > 0
    assert found.words_all == pytest.approx(sum(len(text.split()) for text in ROWS.texts), rel=0.2)


async def test_the_sample_is_the_same_for_the_same_seed(tmp_path):
    rows = made_from([*ROWS.texts[:1], "changed afterwards " * 20, *ROWS.texts[2:]])
    first = await reembedded(tmp_path, rows)
    (tmp_path / "again").mkdir()
    assert (await reembedded(tmp_path / "again", rows)).cosines == first.cosines


@pytest.mark.parametrize("prefix", ["search_document: ", "query: ", "task: search result | query: "])
async def test_a_prefix_is_found(tmp_path, prefix):
    found = await reembedded(tmp_path, made_from([prefix + text for text in ROWS.texts]))
    assert found.agree == 0
    assert (found.reading.kind, found.reading.detail) == ("prefix", prefix)
    assert found.document_prefix == "search_document: "


async def test_a_prefix_that_the_user_claims_and_the_index_lacks_is_found(tmp_path):
    found = await reembedded(tmp_path, made_from(ROWS.texts), document_prefix="search_document: ")
    assert (found.reading.kind, found.reading.detail) == ("prefix", "")


async def test_a_cut_is_found_to_the_word(tmp_path):
    found = await reembedded(tmp_path, made_from([" ".join(text.split()[:20]) for text in ROWS.texts]))
    assert found.reading.kind == "cut"
    assert abs(int(found.reading.detail) - 20) <= 1


async def test_metadata_in_front_is_found(tmp_path):
    texts = [
        "\n".join(f"{key}: {value}" for key, value in metadata.items()) + "\n\n" + text
        for text, metadata in zip(ROWS.texts, ROWS.metadata, strict=True)
    ]
    assert (await reembedded(tmp_path, made_from(texts))).reading.kind == "metadata"


async def test_another_model_of_the_server_is_named(tmp_path):
    def other(texts):
        return word_vectors(texts, salt="x")

    found = await reembedded(
        tmp_path, made_from(ROWS.texts, salt="x"), models={NAME: word_vectors, "old-embed": other}, embed_model=NAME
    )
    assert (found.reading.kind, found.reading.detail) == ("model", "old-embed")


async def test_a_model_that_is_not_there_leaves_vectors_without_relation(tmp_path):
    found = await reembedded(tmp_path, made_from(ROWS.texts, salt="x"))
    assert found.reading is None
    assert abs(found.median - found.stranger) < 0.08


async def test_another_size_is_seen_and_a_shortened_vector_understood(tmp_path):
    found = await reembedded(tmp_path, made_from(ROWS.texts, size=32, salt="x"))
    assert (found.dimension, found.stored_dimension, found.reading) == (256, 32, None)
    (tmp_path / "short").mkdir()
    short = ROWS.with_vectors([vector[:32] / np.linalg.norm(vector[:32]) for vector in word_vectors(ROWS.texts)])
    found = await reembedded(tmp_path / "short", short)
    assert (found.reading.kind, found.reading.detail) == ("dimensions", "32")


async def test_an_unread_tail_is_seen_where_chunks_are_long(tmp_path):
    long = ROWS.with_texts([f"{a} {b}" for a, b in zip(ROWS.texts, reversed(ROWS.texts), strict=True)])
    cut = long.with_vectors(word_vectors([" ".join(text.split()[:40]) for text in long.texts]))
    found = await reembedded(tmp_path, cut, faults=Faults(cut_words=40))
    assert (found.agree, found.tails_tested, found.tails_unread) == (32, 6, 6)
    assert found.unread_words >= 60
    (tmp_path / "whole").mkdir()
    whole = await reembedded(tmp_path / "whole", long.with_vectors(word_vectors(long.texts)))
    assert (whole.tails_tested, whole.tails_unread) == (6, 0)


async def test_refused_chunks_are_counted_and_the_others_compared(tmp_path):
    texts = [text if n % 4 else "word " * 300 + text for n, text in enumerate(ROWS.texts)]
    found = await reembedded(
        tmp_path, ROWS.with_texts(texts).with_vectors(word_vectors(texts)), faults=Faults(refuse_words=200)
    )
    assert found.refused > 0
    assert found.refusal == "the input length exceeds the context length"
    assert found.agree == found.compared


async def test_an_index_of_approximations_is_not_compared(tmp_path):
    indexes.need("faiss")
    import faiss

    rows = made_from(ROWS.texts)
    index = faiss.IndexPQ(256, 8, 4)
    index.train(np.stack(rows.vectors))
    with pytest.raises(Skip, match="approximations"):
        await reembedded(tmp_path, rows, build=lambda folder, held: indexes.faiss(folder, held, index=index))


async def test_without_an_embedder_there_is_nothing_to_compare_with(tmp_path, monkeypatch):
    place = indexes.lancedb(tmp_path, made_from(ROWS.texts))
    async with asked(place, "http://127.0.0.1:9") as context:
        with pytest.raises(Skip):
            await context.fact(Reembedding)


def test_the_fact_survives_a_report():
    fact = Reembedding(model="m", dimension=3, stored_dimension=3, compared=1, agree=1)
    assert msgspec.convert(msgspec.to_builtins(fact), Reembedding) == fact
