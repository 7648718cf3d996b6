"""Embedding probes: on the real engine started for embeddings, and on façades that cut, refuse or send rubbish."""

import hashlib
import math

import pytest

from doctor.collect.probes.embed import cosine, is_bad, vectors_of
from doctor.collect.probes.embedding_truncation import texts
from doctor.collect.probes.embeddings import PARAPHRASES, embedder, margin
from doctor.errors import Malformed, Skip
from doctor.facts import Embeddings, EmbeddingTruncation, ModelCard, Models
from doctor.model import Depth
from doctor.ward import engine as ward_engine
from tests.collect.probes.asking import context_for
from tests.collect.probes.plain_server import asked

EMBEDDER = Models(names=("chat", "nomic-embed-text"), chosen="chat", embedding="nomic-embed-text")
DIMENSIONS = 64
SUBJECTS = {name: number for number, pair in enumerate(PARAPHRASES) for name in pair}


def vector(text: str) -> list[float]:
    """Words hashed into a bag; the paraphrases share a direction of their own."""
    made = [0.0] * DIMENSIONS
    for word in text.split():
        made[hashlib.md5(word.encode()).digest()[0] % DIMENSIONS] += 1.0
    if text in SUBJECTS:
        made[SUBJECTS[text]] += 20.0
    length = math.sqrt(sum(part * part for part in made))
    return [part / length for part in made]


def embedding(limit: int | None = None, refuse: bool = False):
    """A server that reads `limit` words of a text, or refuses longer ones."""

    def answer(body: dict) -> object:
        if body["_path"] != "/v1/embeddings":
            return 404, {"error": "not found"}
        given = body["input"]
        if refuse and limit and any(len(text.split()) > limit for text in given):
            return 500, {"error": {"message": "input is too large to process. increase the physical batch size"}}
        read = [" ".join(text.split()[:limit]) for text in given]
        rows = [{"index": i, "embedding": vector(text)} for i, text in enumerate(read)]
        return {"data": rows, "usage": {"prompt_tokens": sum(len(text.split()) for text in read)}}

    return answer


async def test_a_good_embedder_passes() -> None:
    async with asked(embedding(), EMBEDDER) as context:
        found = await context.fact(Embeddings)
        long = await context.fact(EmbeddingTruncation)

    assert (found.model, found.dedicated, found.dimensions) == ("nomic-embed-text", True, DIMENSIONS)
    assert found.margin > 0.2
    assert found.repeat_cosine == pytest.approx(1.0)
    assert found.bad == ()
    assert long.trials[600] < 0.99
    assert long.refused_at is None


async def test_a_cut_at_512_tokens_gives_the_same_vector_twice() -> None:
    async with asked(embedding(512), EMBEDDER) as context:
        found = await context.fact(EmbeddingTruncation)

    assert found.trials == {600: pytest.approx(1.0)}
    assert found.counted_tokens == 512


async def test_a_refusal_is_kept_and_a_shorter_text_is_tried() -> None:
    async with asked(embedding(512, refuse=True), EMBEDDER) as context:
        found = await context.fact(EmbeddingTruncation)

    assert found.refused_at == 600
    assert "physical batch size" in found.error
    assert found.trials[200] < 0.99


async def test_in_depth_larger_limits_are_found() -> None:
    async with asked(embedding(2048), EMBEDDER, depth=Depth.DEEP) as context:
        found = await context.fact(EmbeddingTruncation)

    assert [words for words, same in found.trials.items() if same > 0.9999] == [2200, 4500]
    assert found.trials[600] < 0.99


async def test_a_model_trained_for_512_tokens_is_not_asked_for_more() -> None:
    def answer(body: dict) -> object:
        if body["_path"] == "/api/show":
            return {"model_info": {"bert.context_length": 512}}
        return embedding(512)(body)

    async with asked(answer, EMBEDDER, runtime="ollama") as context:
        (words,) = (await context.fact(EmbeddingTruncation)).trials

    assert words * 1.5 * 1.5 <= 512


def constant(_: str) -> list[float]:
    return [1.0, 0.0, 0.0]


async def test_an_embedder_that_knows_one_vector_is_not_accused_of_cutting() -> None:
    async with asked(lambda b: {"data": [{"embedding": constant(t)} for t in b["input"]]}, EMBEDDER) as context:
        assert (await context.fact(Embeddings)).margin == pytest.approx(0.0)
        with pytest.raises(Skip, match="cannot tell"):
            await context.fact(EmbeddingTruncation)


@pytest.mark.parametrize("part", [None, "x", True])
async def test_components_that_are_no_numbers_are_counted(part: object) -> None:
    """llama.cpp and others send null for a value that is not a number."""

    def answer(body: dict) -> dict:
        rows = [{"index": i, "embedding": vector(text)} for i, text in enumerate(body["input"])]
        rows[0]["embedding"][3] = part
        return {"data": rows}

    async with asked(answer, EMBEDDER) as context:
        assert (await context.fact(Embeddings)).bad == (0,)
        with pytest.raises(Skip, match="no usable"):
            await context.fact(EmbeddingTruncation)


@pytest.mark.parametrize(
    "data",
    [
        [],
        [{"embedding": [1.0]}],
        [{"embedding": "AACAPw=="}] * 2,
        [{"embedding": [[1.0], [2.0]]}] * 2,
        [{"embedding": []}] * 2,
        [None, 7],
        "no list",
    ],
)
def test_answers_of_another_shape_are_malformed(data: object) -> None:
    with pytest.raises(Malformed):
        vectors_of({"data": data}, 2)


def test_vectors_come_back_in_the_order_of_the_texts() -> None:
    rows = [{"index": 1, "embedding": [2.0]}, {"index": 0, "embedding": [1.0]}]

    assert vectors_of({"data": rows}, 2) == ((1.0,), (2.0,))


def test_vectors_of_different_sizes_are_not_compared() -> None:
    with pytest.raises(Malformed, match="dimensions"):
        cosine((1.0, 0.0), (1.0,))


@pytest.mark.parametrize(("values", "bad"), [((0.0, 0.0), True), ((math.nan, 1.0), True), ((0.1, -0.1), False)])
def test_zero_and_not_a_number_are_unusable(values: tuple[float, ...], bad: bool) -> None:
    assert is_bad(values) is bad


def test_the_margin_is_related_minus_unrelated() -> None:
    one, two = (1.0, 0.0), (0.0, 1.0)

    assert margin((one, one, two, two)) == 1.0
    assert margin((one, two, one, two)) == -1.0


def test_two_long_texts_share_exactly_their_beginning() -> None:
    one, other = (text.split() for text in texts(600))

    assert one[0] != texts(600)[0].split()[0]
    assert len(one) == len(other) == 900
    assert [a == b for a, b in zip(one, other, strict=True)].index(False) == 600


@pytest.mark.parametrize(
    ("models", "card", "runtime", "expected"),
    [
        (EMBEDDER, None, "ollama", ("nomic-embed-text", True)),
        (Models(names=("m",), chosen="m"), ModelCard(name="m", capabilities=("embedding",)), "openai", ("m", True)),
        (Models(names=("m",), chosen="m"), None, "llama.cpp", ("m", False)),
        (Models(names=("m",), chosen="m"), ModelCard(name="m", architecture="nomic-bert"), "llama.cpp", ("m", True)),
        (Models(names=("bge-m3",), chosen="bge-m3", requested="bge-m3"), None, "openai", ("bge-m3", None)),
    ],
)
async def test_who_embeds(models: Models, card: ModelCard | None, runtime: str, expected: tuple) -> None:
    async with asked(embedding(), models, *([card] if card else []), runtime=runtime) as context:
        chosen = await embedder(context)

    assert (chosen.model, chosen.dedicated) == expected


async def test_a_chat_model_is_never_used_for_embeddings() -> None:
    async with asked(lambda _: pytest.fail("asked"), Models(names=("m",), chosen="m", requested="m")) as context:
        with pytest.raises(Skip, match="no embedding model is known"):
            await context.fact(Embeddings)


async def test_a_server_without_embeddings_is_skipped(engine: str) -> None:
    """Real engine, started for chat: it answers 501."""
    async with context_for(engine) as context:
        with pytest.raises(Skip, match="does not make embeddings"):
            await context.fact(Embeddings)


@pytest.mark.ward
@pytest.mark.skipif(not ward_engine.installed(), reason="the engine's wheel is not installed")
async def test_the_engine_embeds_long_texts_to_their_end() -> None:
    """Real engine started for embeddings, mean pooling."""
    settings = ward_engine.Settings(embeddings="mean")
    async with ward_engine.serve(ward_engine.PATIENT, settings) as running, context_for(running.url) as context:
        found = await context.fact(Embeddings)
        long = await context.fact(EmbeddingTruncation)

    assert found.repeat_cosine > 0.999
    assert found.norms == pytest.approx([1.0] * 6)
    assert all(same < 0.9999 for same in long.trials.values())
