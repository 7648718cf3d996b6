"""P24 and P25: façades that rank and answer in known ways, and the real engine with the patient, a chat model."""

import pytest

from doctor.collect.probes.grounding import PASSAGES as SOURCES
from doctor.collect.probes.grounding import QUESTIONS as ASKED_OF_SOURCES
from doctor.collect.probes.mini_items import MORE_QUESTIONS, PASSAGES, QUESTIONS
from doctor.collect.probes.mini_retrieval import ASKED, ORDERS
from doctor.errors import Skip
from doctor.facts import Embeddings, EmbeddingTruncation, Grounding, MiniRetrieval, Models
from doctor.model import Depth
from doctor.ward import engine as ward_engine
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked, reply, sent
from tests.collect.probes.test_embeddings import EMBEDDER, embedding
from tests.given import run_check, symptoms

GOLD = dict(ASKED) | {text: place for place, text in enumerate(PASSAGES)}
FINE = Embeddings(model="nomic-embed-text", status=200, dimensions=12, dedicated=True, norms=(1.0,) * 6)


def knowing(*, wants_prefix: bool = False, bag: bool = False):
    """Puts each question onto its passage; with `wants_prefix` half of them only when they have theirs."""

    def vector(text: str) -> list[float]:
        head, _, rest = text.partition(": ")
        bare = rest if head in ("search_query", "search_document") else text
        made = [0.0] * 14
        made[GOLD.get(bare, 12)] = 1.0
        if wants_prefix and bare == text and text in dict(ASKED[::2]):
            made = [0.0] * 14
            made[(GOLD[text] + 1) % 12], made[GOLD[text]] = 1.0, 0.5
        if bare == ORDERS[1] and not bag:
            made[13] = 1.0
        return made

    return lambda body: {"data": [{"index": n, "embedding": vector(text)} for n, text in enumerate(body["input"])]}


def test_the_items_are_what_they_say():
    assert len(PASSAGES) == 12
    assert len(ASKED) == 24
    assert sorted(place for _, place in ASKED) == sorted([*range(12), *range(12)])
    assert len(QUESTIONS) + len(MORE_QUESTIONS) == 24
    rare = [{word for word in text.lower().split() if len(word) > 5} for text in PASSAGES]
    shared = [text for text, place in ASKED if rare[place] & set(text.lower().rstrip("?").split())]
    assert len(shared) <= 2


async def test_a_model_that_knows_ranks_first_and_prefixes_add_nothing():
    async with asked(knowing(), EMBEDDER, FINE, depth=Depth.DEEP) as context:
        found = await context.fact(MiniRetrieval)
    assert set(found.ranks) == set(found.prefixed_ranks) == {1}
    assert (found.family, found.query_prefix) == ("nomic", "search_query: ")
    assert symptoms(await run_check("mini-retrieval", [found])) == []


async def test_a_model_that_wants_its_prefixes_gains_by_them():
    async with asked(knowing(wants_prefix=True), EMBEDDER, FINE, depth=Depth.DEEP) as context:
        found = await context.fact(MiniRetrieval)
    (finding,) = (await run_check("mini-retrieval", [found])).findings
    assert (finding.symptom, finding.severity) == ("prefixes-would-gain", "note")
    assert "'search_query: ' before questions and 'search_document: ' before passages" in finding.summary


async def test_words_in_another_order_must_differ():
    async with asked(knowing(bag=True), EMBEDDER, FINE, depth=Depth.DEEP) as context:
        found = await context.fact(MiniRetrieval)
    assert symptoms(await run_check("mini-retrieval", [found])) == ["word-order-lost"]


@pytest.mark.parametrize(("dedicated", "symptom"), [(True, "ranks-by-chance"), (False, "chat-model-ranks-by-chance")])
async def test_ranks_by_chance_are_laid_to_the_kind_of_model(dedicated, symptom):
    by_chance = MiniRetrieval(model="m", dedicated=dedicated, ranks=tuple(n % 12 + 1 for n in range(24)))
    assert symptoms(await run_check("mini-retrieval", [by_chance])) == [symptom]
    good = MiniRetrieval(model="m", dedicated=dedicated, ranks=(1,) * 14 + (3,) * 10)
    assert symptoms(await run_check("mini-retrieval", [good])) == []


@pytest.mark.ward
@pytest.mark.skipif(not ward_engine.installed(), reason="the engine's wheel is not installed")
async def test_a_chat_model_ranks_by_chance():
    """Real engine with the patient, which is made for chat: its vectors have the right shape."""
    settings = ward_engine.Settings(embeddings="mean")
    async with (
        ward_engine.serve(ward_engine.PATIENT, settings) as running,
        context_for(running.url, depth=Depth.DEEP) as context,
    ):
        found = await context.fact(MiniRetrieval)
    assert "chat-model-ranks-by-chance" in symptoms(await run_check("mini-retrieval", [found]))


async def test_without_usable_vectors_nothing_is_ranked():
    bad = Embeddings(model="m", status=200, bad=(1,))
    async with asked(knowing(), EMBEDDER, bad, depth=Depth.DEEP) as context:
        with pytest.raises(Skip, match="no usable vectors"):
            await context.fact(MiniRetrieval)


async def test_a_cut_is_narrowed_down_by_halving():
    """Façade that reads 200 words."""
    async with asked(embedding(200), EMBEDDER) as context:
        found = await context.fact(EmbeddingTruncation)
    assert found.trials[600] > 0.9999
    assert 200 <= found.read_words <= 200 + 600 / 16 + 1
    (finding,) = (await run_check("embedding-truncation", [found])).findings
    assert f"after {found.read_words} words" in finding.summary


CHAT = Models(names=("m",), chosen="m")
RIGHT = {question: (id_, word) for question, id_, word in ASKED_OF_SOURCES}


def answering(form):
    """A model that answers each question as `form(id, word)` says."""

    def answer(body):
        question = sent(body).rpartition("Question: ")[2]
        return reply(form(*RIGHT[question]), prompt_tokens=120)

    return answer


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (lambda id_, word: f"{word} [{id_}]" if id_ else "NOT FOUND", []),
        (lambda id_, word: f"{word} [{id_}]" if id_ else "Sir John Smith [K41]", ["answers-ungrounded"]),
        (lambda id_, word: f"{word} [{id_ or 'Q99'}]", ["citations-invented", "answers-ungrounded"]),
        (lambda id_, word: "It is blue.", ["passages-unused"]),
        (lambda id_, word: "NOT FOUND", []),
    ],
)
async def test_answers_are_held_against_the_passages(form, expected):
    async with asked(answering(form), CHAT, depth=Depth.DEEP) as context:
        found = await context.fact(Grounding)
    assert symptoms(await run_check("grounding", [found])) == expected


async def test_a_small_model_is_judged_by_invented_ids_only():
    async with asked(answering(lambda id_, word: f"{word} [{id_ or 'Q99'}]"), CHAT, depth=Depth.DEEP) as context:
        found = await context.fact(Grounding)
    small = type(found)(items=found.items, small_model=True)
    assert symptoms(await run_check("grounding", [small])) == ["citations-invented", "passages-unused"]


def test_sources_hold_the_words_of_their_answers():
    texts = dict(SOURCES)
    assert all(word in texts[id_] for _, id_, word in ASKED_OF_SOURCES if id_)
