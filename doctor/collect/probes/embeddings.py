"""P23: a batch of short texts embedded, and the first of them again alone."""

import contextlib
import statistics

import msgspec

from doctor.collect.probes.embed import Embedded, Vector, cosine, embed, is_bad, norm
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Embeddings, Identity, ModelCard, Models
from doctor.runtimes.choice import looks_like_embedder

# Pairs that say the same in other words, on subjects that have nothing in common.
PARAPHRASES = (
    ("How do I reset my password?", "I forgot my login code and need a new one."),
    ("The ship left the harbour at dawn.", "At first light the boat sailed out of port."),
    ("Bake the bread for forty minutes.", "The loaf should stay in the oven for two thirds of an hour."),
)
NOT_SWITCHED_ON = {404, 405, 501}
POOLING = "pooling"


class Embedder(msgspec.Struct, frozen=True):
    """The model to embed with, and whether the server or its name says that it is made for it (None: unknown)."""

    model: str
    dedicated: bool | None


async def collect_embeddings(context: Context) -> Embeddings:
    """Embed three pairs in one batch and the first text alone.

    Raises Skip when no embedding model is known, and where the server makes no embeddings at all.
    """
    chosen = await embedder(context)
    texts = [text for pair in PARAPHRASES for text in pair]
    batch = await embed(context, chosen.model, texts)
    if batch.status in NOT_SWITCHED_ON and POOLING not in batch.error.lower() and not chosen.dedicated:
        name = (await context.fact(Identity)).name or "this server"
        raise Skip(f"{name} does not make embeddings")
    single = None
    if batch.ok:
        with contextlib.suppress(Skip):
            single = await embed(context, chosen.model, texts[:1])
    return judged(chosen, batch, single)


async def embedder(context: Context) -> Embedder:
    """Which model to embed with. A chat model is never taken, unless llama.cpp serves it, which embeds on request only.

    Raises Skip when there is none.
    """
    models, identity = await context.fact(Models), await context.fact(Identity)
    capabilities = None
    with contextlib.suppress(Skip):
        capabilities = (await context.fact(ModelCard)).capabilities
    by_name = looks_like_embedder(models.chosen)
    if models.requested and by_name:
        said = None if capabilities is None else "embedding" in capabilities
        return Embedder(models.chosen or models.requested, said)
    if models.embedding:
        return Embedder(models.embedding, dedicated=True)
    if capabilities is not None and "embedding" in capabilities:
        return Embedder(models.chosen, dedicated=True)
    if identity.runtime == "llama.cpp" and models.chosen:
        # Its server embeds only when it was started for that, and says 501 otherwise: asking is harmless.
        return Embedder(models.chosen, await architecture_embeds(context) or by_name)
    raise Skip("no embedding model is known on this server")


async def architecture_embeds(context: Context) -> bool:
    """Whether the model's architecture is one of encoders."""
    with contextlib.suppress(Skip):
        return looks_like_embedder((await context.fact(ModelCard)).architecture)
    return False


def judged(chosen: Embedder, batch: Embedded, single: Embedded | None) -> Embeddings:
    """The numbers of the answers: sizes, lengths, unusable vectors, margin, and the repeat."""
    base = Embeddings(
        model=chosen.model, status=batch.status, error=batch.error, dedicated=chosen.dedicated, route=batch.route
    )
    if not batch.ok:
        return base
    vectors = batch.vectors
    bad = tuple(place for place, vector in enumerate(vectors) if is_bad(vector))
    repeat = None
    if single is not None and single.ok and not bad and not is_bad(single.vectors[0]):
        repeat = cosine(vectors[0], single.vectors[0])
    return msgspec.structs.replace(
        base,
        dimensions=len(vectors[0]),
        norms=tuple(round(norm(vector), 6) for place, vector in enumerate(vectors) if place not in bad),
        bad=bad,
        repeat_cosine=repeat,
        margin=None if bad else margin(vectors),
        prompt_tokens=batch.prompt_tokens,
    )


def margin(vectors: tuple[Vector, ...]) -> float:
    """Mean cosine of the paraphrases minus mean cosine of texts on different subjects."""
    pairs = range(0, len(vectors), 2)
    alike = [cosine(vectors[i], vectors[i + 1]) for i in pairs]
    apart = [cosine(vectors[i], vectors[j]) for i in pairs for j in pairs if i < j]
    return statistics.fmean(alike) - statistics.fmean(apart)
