"""The re-embed test's three checks and known-item retrieval: symptoms and thresholds from both sides. Given facts."""

import msgspec
import pytest

from doctor.facts import Index, IndexChunks, KnownItems, Ranking, Reading, Reembedding
from tests.checks.rag.test_index_checks import CHUNKS, INDEX
from tests.given import run_check, symptoms

SAME = Reembedding(
    model="all-minilm",
    dimension=384,
    stored_dimension=384,
    compared=32,
    agree=32,
    cosines=(0.9999,) * 32,
    stranger=0.3,
    tails_tested=6,
    words_s=500.0,
    words_all=200_000,
)


def off(count, value, **changed):
    """`count` chunks with another cosine."""
    cosines = (value,) * count + (0.9999,) * (32 - count)
    return msgspec.structs.replace(SAME, agree=32 - count, cosines=cosines, **changed)


def reading(kind, detail="", median=1.0, before=0.9):
    return Reading(kind=kind, detail=detail, agree=6, of=6, median=median, before=before)


async def seen(check, found, index=INDEX, *more):
    return symptoms(await run_check(check, [index, found, *more]))


@pytest.mark.parametrize(
    ("found", "symptom"),
    [
        (SAME, []),
        (off(2, 0.1), []),
        (off(3, 0.1), ["index-model-differs"]),
        (off(32, 0.37), ["index-model-differs"]),
        (off(32, 0.39), ["index-vectors-drifted"]),
        (off(32, 0.95), ["index-vectors-drifted"]),
        (off(32, 0.5, readings=(reading("model", "other"),)), ["index-model-differs"]),
        (off(32, 0.9, readings=(reading("prefix", "query: "),)), []),
        (off(32, 0.9, readings=(reading("prefix", "query: ", 0.98),)), ["index-vectors-drifted"]),
    ],
)
async def test_vectors_of_another_model_are_told_from_near_ones(found, symptom):
    assert await seen("reembedding", found) == symptom


async def test_two_sizes_are_two_models_unless_one_is_the_beginning_of_the_other():
    short = msgspec.structs.replace(SAME, stored_dimension=256, agree=0, cosines=())
    assert await seen("reembedding", short) == ["index-dimension-differs"]
    cut = msgspec.structs.replace(short, readings=(reading("dimensions", "256"),))
    assert await seen("reembedding", cut) == []
    assert await seen("indexed-text", cut) == ["index-text-differs"]


@pytest.mark.parametrize(
    ("made_as", "told", "symptom"),
    [
        (reading("cut", "80"), None, ["index-text-cut"]),
        (reading("metadata"), None, ["index-text-differs"]),
        (reading("newlines"), None, ["index-text-differs"]),
        (reading("prefix", "query: "), None, ["index-prefix-differs"]),
        (reading("prefix", "passage: "), None, ["index-text-differs"]),
        (reading("prefix", "passage: "), "", ["index-prefix-differs"]),
        (reading("prefix", ""), "passage: ", ["index-prefix-differs"]),
        (reading("model", "other"), None, []),
    ],
)
async def test_the_text_that_was_embedded_is_named(made_as, told, symptom):
    found = off(32, 0.9, readings=(made_as,), document_prefix="passage: ")
    index = msgspec.structs.replace(INDEX, document_prefix=told)
    assert await seen("indexed-text", found, index) == symptom


async def test_a_prefix_that_changes_long_chunks_by_less_than_a_hundredth_is_found():
    near = off(32, 0.996, readings=(reading("prefix", "query: ", 0.9999, 0.996),))
    assert await seen("indexed-text", near) == ["index-prefix-differs"]
    assert await seen("reembedding", near) == []
    noise = off(32, 0.996, readings=(reading("prefix", "query: ", 0.9975, 0.996),))
    assert await seen("indexed-text", noise) == []


async def test_long_chunks_and_refused_ones_are_judged():
    unread = msgspec.structs.replace(SAME, tails_unread=1, unread_words=300)
    refusing = msgspec.structs.replace(SAME, refused=1, refusal="too long")
    assert await seen("index-chunk-length", SAME, INDEX, CHUNKS) == []
    assert await seen("index-chunk-length", unread, INDEX, CHUNKS) == ["index-tails-unread"]
    assert await seen("index-chunk-length", refusing, INDEX, CHUNKS) == ["index-chunks-refused"]


def ranking(ranks, name="as it is"):
    return Ranking(name=name, ranks=tuple(ranks), depth=50, corpus=1000)


def items(ranks, *levers, lost=0):
    control = ranking([0] * len(ranks), "control")
    return KnownItems(
        made_by="words of the chunks", k=4, base=ranking(ranks), control=control, levers=levers, lost_by_index=lost
    )


@pytest.mark.parametrize(
    ("ranks", "symptom"),
    [
        ([1] * 90 + [0] * 10, []),
        ([1] * 68 + [0] * 32, []),
        ([1] * 60 + [0] * 40, ["known-items-missed"]),
        ([1] * 60 + [9] * 40, ["known-items-missed", "more-passages-gain"]),
        ([1] * 70 + [9] * 30, ["more-passages-gain"]),
        ([1] * 85 + [9] * 15, []),
    ],
)
async def test_recall_and_what_more_passages_would_give(ranks, symptom):
    assert await seen("known-items", items(ranks)) == symptom


async def test_what_chance_gives_in_a_small_index_is_no_gain():
    found = items([1] * 60 + [9] * 40)
    by_chance = msgspec.structs.replace(found, control=ranking([0] * 70 + [9] * 30, "control"))
    assert await seen("known-items", by_chance) == ["known-items-missed"]


async def test_a_prefix_that_gains_is_reported_once_and_a_small_gain_is_not():
    ranks = [2] * 50 + [1] * 50
    better = ranking([1] * 100, "questions with the prefix 'query: '")
    little = ranking([1] * 10 + [2] * 40 + [1] * 50, "questions with the prefix 'query: '")
    assert await seen("known-items", items(ranks, better)) == ["prefix-gain"]
    assert await seen("known-items", items(ranks, little)) == []
    apart = ranking([3] * 100, "without prefixes, a part of the chunks")
    both = ranking([1] * 100, "prefixes on both sides, the same part")
    assert await seen("known-items", items(ranks, apart, both)) == ["prefix-gain"]
    assert await seen("known-items", items(ranks, ranking([1] * 100, "keywords (BM25)"))) == []


async def test_chunks_that_the_index_leaves_out_are_its_own_fault():
    assert await seen("index-neighbours", items([1] * 100, lost=5)) == []
    assert await seen("index-neighbours", items([1] * 100, lost=6)) == ["index-neighbours-lost"]


def test_facts_say_which_reading_fits():
    best = reading("prefix", "b")
    found = off(32, 0.5, readings=(reading("prefix", "a", 0.8), best))
    assert found.reading == best
    assert SAME.reading is None
    assert (SAME.differing, found.differing) == (0, 32)
    assert isinstance(INDEX, Index)
    assert isinstance(CHUNKS, IndexChunks)
