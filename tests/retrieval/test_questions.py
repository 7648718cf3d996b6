"""Questions made of a chunk's own words, keyword search over a stream, and the families as data."""

from doctor.retrieval.bm25 import rankings
from doctor.retrieval.families import document_prefixes, families, family_of
from doctor.retrieval.questions import WORDS, from_chunks
from doctor.retrieval.words import terms
from tests.rag.corpus import corpus

ROWS = corpus(80)
CHUNKS = list(zip(ROWS.ids, ROWS.texts, strict=True))


def test_a_question_is_made_of_words_that_tell_its_chunk_from_the_others():
    made = from_chunks(CHUNKS)
    assert len(made) >= 70
    texts = dict(CHUNKS)
    for question in made:
        words = question.text.split()
        assert 4 <= len(words) <= WORDS
        assert set(words) <= set(terms(texts[question.expected[0]]))


def test_words_of_every_chunk_make_no_question():
    assert from_chunks([("a", "the same words everywhere"), ("b", "the same words everywhere")] * 5) == []
    assert from_chunks([("a", "too short")]) == []


def test_keyword_search_finds_the_chunk_of_nearly_every_question():
    made = from_chunks(CHUNKS)
    found, count = rankings([question.text for question in made], CHUNKS, 5)
    right = sum(question.expected[0] in ids for question, ids in zip(made, found, strict=True))
    assert count == len(CHUNKS)
    assert right >= 0.95 * len(made)


def test_bm25_prefers_a_rare_word_and_a_short_text():
    texts = [("long", "harbour " + "filler word " * 60), ("short", "harbour lights"), ("none", "nothing here at all")]
    (found,), _ = rankings(["harbour"], texts, 5)
    assert found == ["short", "long"]


def test_families_are_told_by_name_special_ones_first():
    expected = {
        "nomic-embed-text:latest": "nomic",
        "nomic-embed-text-v2-moe": "nomic-v2-moe",
        "intfloat/multilingual-e5-large-instruct": "e5-instruct",
        "multilingual-e5-small": "e5",
        "bge-m3:567m": "bge-m3",
        "mxbai-embed-large": "mxbai",
        "snowflake-arctic-embed2": "arctic-2",
        "Qwen3-Embedding-0.6B-Q8_0": "qwen3-embedding",
        "sentence-transformers/all-MiniLM-L6-v2": "minilm",
    }
    assert {name: getattr(family_of(name), "id", None) for name in expected} == expected
    assert family_of("llama3.1:8b") is None


def test_every_family_names_its_source_and_a_known_pooling():
    assert len({family.id for family in families()}) == len(families())
    assert all(
        family.source and family.pooling in ("mean", "cls", "last") and family.window > 0 for family in families()
    )
    assert document_prefixes()[0] == "search_document: "
    assert len(set(document_prefixes())) == len(document_prefixes())
