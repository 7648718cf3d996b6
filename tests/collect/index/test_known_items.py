"""Known-item retrieval, its levers, and questions asked to the end, on real indexes.

Embedder and chat model are façades: vectors computed from words, and a reader that completes sentences.
"""

import numpy as np
import pytest

from doctor.collect.index.asking import is_question
from doctor.collect.index.end_to_end import halved, is_right
from doctor.errors import Skip
from doctor.facts import Answering, EndToEnd, KnownItems, Window
from doctor.model import Depth
from doctor.retrieval.questions import Question
from doctor.retrieval.scoring import recall
from tests.rag import indexes
from tests.rag.corpus import Corpus, corpus
from tests.rag.embed_server import Faults, embedding
from tests.rag.opening import asked, diagnosed
from tests.rag.reader import reader
from tests.rag.word_vectors import word_vectors

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)

ROWS = corpus(80)
VECTORS = ROWS.with_vectors(word_vectors(ROWS.texts))


async def fact(kind, place, *, name="all-minilm", models=None, faults=None, depth=Depth.QUICK, given=(), **said):
    served = models or {name: word_vectors, **({"reader": word_vectors} if faults else {})}
    async with embedding(served, faults) as (url, server), asked(place, url, depth=depth, **said) as context:
        for peer in context.peers.values():
            peer._collectors = {**peer._collectors, **{type(one): _hand(one) for one in given}}
        return await context.fact(kind), server


def _hand(value):
    async def collect(_):
        return value

    return collect


async def test_a_good_index_finds_its_items_and_chance_does_not(tmp_path):
    found, _ = await fact(KnownItems, indexes.lancedb(tmp_path, VECTORS))
    assert found.made_by == "words of the chunks"
    assert recall(found.base.ranks, 4) > 0.9
    assert recall(found.control.ranks, 4) < 0.2
    assert found.lost_by_index == 0
    names = [lever.name for lever in found.levers]
    assert names == ["keywords (BM25)", "vectors and keywords"]
    assert recall(found.levers[0].ranks, 4) > 0.9
    assert "own words" in found.levers[0].note


async def test_another_model_finds_nothing_and_the_worst_are_kept_by_id(tmp_path):
    found, _ = await fact(
        KnownItems, indexes.sqlite_vec(tmp_path, ROWS.with_vectors(word_vectors(ROWS.texts, salt="x")))
    )
    assert recall(found.base.ranks, 4) < 0.2
    assert len(found.worst) == 10
    assert all(miss.instead and miss.expected for miss in found.worst)


async def test_a_repeated_text_counts_as_found(tmp_path):
    twice = Corpus(
        ids=[f"{id_}{copy}" for copy in "ab" for id_ in ROWS.ids],
        texts=ROWS.texts * 2,
        metadata=ROWS.metadata * 2,
        vectors=VECTORS.vectors * 2,
    )
    found, _ = await fact(KnownItems, indexes.chroma(tmp_path, twice), k=1)
    assert recall(found.base.ranks, 1) > 0.8


async def test_prefixes_of_the_family_are_tried_on_questions_and_on_both_sides(tmp_path):
    """Façade: a model that places questions and passages apart unless both have their prefix."""

    def picky(texts):
        parted = [text.partition(": ") for text in texts]
        known = [head in ("search_query", "search_document") for head, _, _ in parted]
        return word_vectors(
            [
                rest if right else " ".join(text.split()[:4])
                for text, (_, _, rest), right in zip(texts, parted, known, strict=True)
            ]
        )

    place = indexes.sqlite_vec(tmp_path, ROWS.with_vectors(picky(ROWS.texts)))
    found, _ = await fact(KnownItems, place, name="nomic-embed-text", models={"nomic-embed-text": picky})
    by_name = {lever.name: lever for lever in found.levers}
    apart = by_name["without prefixes, a part of the chunks"]
    both = by_name["prefixes on both sides, the same part"]
    assert recall(both.ranks, 4) > recall(apart.ranks, 4) + 0.2
    assert "questions with the prefix 'search_query: '" in by_name


async def test_a_pipeline_that_uses_its_prefix_gets_no_such_lever(tmp_path):
    place = indexes.sqlite_vec(tmp_path, VECTORS)
    found, server = await fact(KnownItems, place, name="nomic-embed-text", query_prefix="search_query: ")
    assert not any("prefix" in lever.name for lever in found.levers)
    assert sum(text.startswith("search_query: ") for text in server.inputs) == len(found.base.ranks)


async def test_an_index_that_looks_into_too_few_lists_loses_near_rows(tmp_path):
    """FAISS' own IVF index with sixteen lists, of which it looks into one."""
    indexes.need("faiss")
    import faiss

    index = faiss.IndexIVFFlat(faiss.IndexFlatIP(256), 256, 16, faiss.METRIC_INNER_PRODUCT)
    index.train(np.stack(VECTORS.vectors))
    index.nprobe = 1
    found, _ = await fact(KnownItems, indexes.faiss(tmp_path, VECTORS, index=index))
    assert found.lost_by_index > 0.05 * len(found.base.ranks)


async def test_questions_of_the_user_are_judged_by_source_and_by_id(tmp_path):
    questions = [Question(text=ROWS.texts[n], sources=(ROWS.metadata[n]["source"],)) for n in range(5)]
    questions.append(Question(text=ROWS.texts[7], expected=("8",)))
    questions.append(Question(text=ROWS.texts[9], sources=("no-such-file.md",)))
    found, _ = await fact(KnownItems, indexes.sqlite_vec(tmp_path, VECTORS), asked=tuple(questions))
    assert found.base.ranks == (1, 1, 1, 1, 1, 1, 0)
    assert found.worst[0].expected == ("no-such-file.md",)


async def test_the_model_may_write_the_questions_at_depth_deep(tmp_path):
    writes = "Which address leads to another program than the model server?"
    place = indexes.sqlite_vec(tmp_path, VECTORS)
    options = {"faults": Faults(chat=reader(writes=writes)), "model_questions": True}
    found, _ = await fact(KnownItems, place, depth=Depth.DEEP, chat_model="reader", **options)
    assert found.made_by == "the model"
    assert found.base.ranks
    assert found.left_out > 0
    with pytest.raises(Skip, match="--depth deep"):
        await fact(KnownItems, place, **options)


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("Which port does the harbour master use?", True),
        ("Which port does the harbour master use", False),
        ("What is it?", False),
        ("What happened to the quantum flux yesterday evening?", False),
        ("the harbour master uses port nine?", False),
    ],
)
def test_what_a_model_writes_is_controlled(text, good):
    assert is_question(text, "The harbour master uses port nine. Ships call on it.") is good


WINDOW = Window(per_request=4096, source="given")


@pytest.mark.parametrize(
    ("chat", "outcomes"),
    [
        (reader(), {"right"}),
        (reader(window_words=90), {"window"}),
        (reader(passages_read=1), {"right", "model"}),
        (reader(writes="zebra"), {"right"}),
    ],
)
async def test_a_failed_question_is_laid_to_its_place(tmp_path, chat, outcomes):
    found, _ = await fact(
        EndToEnd,
        indexes.sqlite_vec(tmp_path, VECTORS),
        faults=Faults(chat=chat),
        depth=Depth.DEEP,
        chat_model="reader",
        given=(WINDOW,),
    )
    assert len(found.asked) == 8
    assert {one.outcome for one in found.asked} - {"search"} <= outcomes
    assert outcomes <= {one.outcome for one in found.asked} | {"model"}


async def test_a_model_that_reads_nothing_is_told_from_bad_retrieval(tmp_path):
    def silent(_):
        return reader()({"messages": [{"content": "hello"}]})

    found, _ = await fact(
        EndToEnd, indexes.sqlite_vec(tmp_path, VECTORS), faults=Faults(chat=silent), depth=Depth.DEEP,
        chat_model="reader", given=(WINDOW,),
    )  # fmt: skip
    assert {one.outcome for one in found.asked} - {"search", "window"} <= {"reading"}


async def test_an_embedding_server_is_not_taken_for_the_one_that_answers(tmp_path):
    with pytest.raises(Skip, match="--chat-target"):
        await fact(Answering, indexes.sqlite_vec(tmp_path, VECTORS), given=(WINDOW,))


async def test_a_small_window_is_seen_before_anything_is_asked(tmp_path):
    """The whole run: the façade states no window, so it is given; what the check makes of it is tested on facts."""
    report = await diagnosed(indexes.sqlite_vec(tmp_path, VECTORS), "http://127.0.0.1:9", depth=Depth.PASSIVE)
    statuses = {check.id: check.status for check in report.targets[0].checks}
    assert statuses["passages-window"] == "skipped"
    assert statuses["index-vectors"] == "passed"


def test_sentences_are_halved_and_answers_compared_in_order():
    assert halved("Too short.") is None
    head, tail = halved("The ferry to the island leaves at seven in the morning every day but Sunday.")
    assert (head + " " + tail).endswith("but Sunday.")
    assert is_right("leaves at seven in the morning every day but sunday", tail)
    assert not is_right("I do not know", tail)
    assert not is_right(" ".join(reversed(tail.split())), tail)
