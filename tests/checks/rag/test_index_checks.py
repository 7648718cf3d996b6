"""Checks that read an index: each symptom once, a healthy index, and each threshold from both sides. Given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import FilterTrial, Index, IndexChunks, IndexVectors, SourceFiles
from tests.given import run_check, symptoms

INDEX = Index(kind="chroma", place="/data/chroma", collection="docs", count=1000, dimension=384, metric="cosine")
VECTORS = IndexVectors(
    sampled=200,
    without_vector=0,
    sizes={384: 200},
    bad=0,
    norm_min=1.0,
    norm_max=1.0,
    norm_spread=0.0,
    searched=100,
    self_missed=0,
    repeats=0.0,
    k=4,
)
CHUNKS = IndexChunks(
    sampled=200,
    without_text=0,
    empty=0,
    boilerplate=0,
    binary=0,
    words_median=200,
    words_p95=300,
    words_max=320,
    characters_max=2000,
)
FILES = SourceFiles(field="source", named=40, checked=40, compared=40)
TRIAL = FilterTrial(filter="user=ann", matching=50, wanted=4, returned=4, searches=10)


def but(fact, **changed):
    return msgspec.structs.replace(fact, **changed)


async def seen(check, *facts):
    return symptoms(await run_check(check, facts))


async def test_a_complete_index_passes():
    assert await seen("index-state", INDEX, VECTORS) == []


@pytest.mark.parametrize(
    ("changed", "symptom"),
    [
        ({"count": 0}, ["index-empty"]),
        ({"trained": False}, ["index-not-ready"]),
        ({"status": "red"}, ["index-not-ready"]),
        ({"status": "invalid: its building was broken off"}, ["index-not-ready"]),
        ({"status": "green", "trained": True}, []),
        ({"without_vector": 11}, ["index-rows-without-vector"]),
        ({"without_vector": 10}, []),
        ({"indexed": 850}, ["index-rows-waiting"]),
        ({"indexed": 950}, []),
    ],
)
async def test_the_stores_own_words_decide_about_the_state(changed, symptom):
    assert await seen("index-state", but(INDEX, **changed), VECTORS) == symptom


async def test_rows_without_a_vector_are_taken_from_the_sample_where_the_store_does_not_count_them():
    assert await seen("index-state", INDEX, but(VECTORS, without_vector=5)) == ["index-rows-without-vector"]
    assert await seen("index-state", INDEX) == []


@pytest.mark.parametrize(
    ("vectors", "index", "symptom"),
    [
        ({}, {}, []),
        ({"sizes": {384: 190, 768: 10}}, {}, ["index-mixed-dimensions"]),
        ({"bad": 1}, {}, ["index-bad-vectors"]),
        ({"norm_spread": 0.05}, {"metric": "dot"}, ["index-lengths-matter"]),
        ({"norm_spread": 0.05}, {"metric": "l2"}, ["index-lengths-matter"]),
        ({"norm_spread": 0.05}, {"metric": "cosine"}, []),
        ({"norm_spread": 0.01}, {"metric": "dot"}, []),
        ({"self_missed": 4}, {}, ["index-self-miss"]),
        ({"self_missed": 3}, {}, []),
    ],
)
async def test_stored_vectors_are_judged_by_size_length_and_by_finding_themselves(vectors, index, symptom):
    assert await seen("index-vectors", but(INDEX, **index), but(VECTORS, **vectors)) == symptom


@pytest.mark.parametrize(
    ("chunks", "vectors", "symptom"),
    [
        ({}, {}, []),
        ({"empty": 21}, {}, ["index-empty-chunks"]),
        ({"boilerplate": 10, "binary": 11}, {}, ["index-empty-chunks"]),
        ({"empty": 20}, {}, []),
        ({}, {"repeats": 0.25}, ["index-repeats"]),
        ({}, {"repeats": 0.2}, []),
    ],
)
async def test_chunks_without_content_and_repeats_are_counted(chunks, vectors, symptom):
    assert await seen("index-chunks", INDEX, but(CHUNKS, **chunks), but(VECTORS, **vectors)) == symptom


async def test_texts_are_judged_where_vectors_cannot_be_read():
    assert await seen("index-chunks", INDEX, CHUNKS) == []


@pytest.mark.parametrize(
    ("files", "symptom"),
    [
        ({}, []),
        ({"missing": ("a.md", "b.md", "c.md")}, ["index-stale"]),
        ({"changed": ("a.md", "b.md", "c.md")}, ["index-stale"]),
        ({"changed": ("a.md", "b.md")}, []),
        ({"newer": ("a.md",)}, []),
        ({"newer": ("a.pdf",), "compared": 0}, ["index-older-than-files"]),
    ],
)
async def test_files_that_are_gone_or_changed_make_the_index_stale(files, symptom):
    assert await seen("index-freshness", INDEX, but(FILES, **files)) == symptom


@pytest.mark.parametrize(
    ("trial", "symptom"),
    [
        ({}, []),
        ({"matching": 0, "wanted": 0, "returned": 0, "searches": 0}, ["filter-excludes-all"]),
        ({"returned": 3}, ["filter-starves"]),
        ({"matching": 2, "wanted": 2, "returned": 2}, []),
    ],
)
async def test_a_filter_is_judged_by_what_it_leaves_and_returns(trial, symptom):
    assert await seen("index-filter", INDEX, but(TRIAL, **trial)) == symptom


async def test_a_finding_about_a_filter_shows_what_there_is():
    trial = but(TRIAL, matching=0, searches=0, known_values=("Ann", "Bob"), known_keys=("user",))
    (finding,) = (await run_check("index-filter", [INDEX, trial])).findings
    shown = {item.label: item.value for item in finding.evidence}
    assert (shown["values of chunks"], shown["filter"]) == ("Ann, Bob", "user=ann")
    assert "ann" not in finding.summary.lower()


@pytest.mark.parametrize("check", ["index-state", "index-vectors", "index-chunks", "index-freshness", "index-filter"])
async def test_without_an_index_nothing_is_judged(check):
    with pytest.raises(Skip):
        await run_check(check, [])
