"""P24: twelve passages and twenty-four questions ranked by cosine, as they are and with the family's prefixes."""

import contextlib

import msgspec

from doctor.collect.probes.embed import Embedded, Vector, cosine, embed, is_bad
from doctor.collect.probes.embeddings import embedder
from doctor.collect.probes.mini_items import MORE_QUESTIONS, PASSAGES, QUESTIONS
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Embeddings, MiniRetrieval
from doctor.retrieval.families import family_of

ORDERS = ("The dog bites the man.", "The man bites the dog.")
ASKED = QUESTIONS + MORE_QUESTIONS
DEADLINE_S = 60.0


async def collect_mini_retrieval(context: Context) -> MiniRetrieval:
    """Rank in one batch without prefixes, in another with them where the family wants any.

    Raises Skip without an embedder that gives usable vectors.
    """
    embeddings = await context.fact(Embeddings)
    if embeddings.status != 200 or embeddings.error or embeddings.bad:
        raise Skip("the embedder gives no usable vectors")
    chosen = await embedder(context)
    plain = await batch(context, chosen.model, "", "")
    found = MiniRetrieval(
        model=chosen.model,
        dedicated=chosen.dedicated,
        ranks=ranks(plain.vectors),
        order_cosine=round(cosine(*plain.vectors[-2:]), 6),
        route=plain.route,
    )
    family = family_of(chosen.model)
    if family is None or not family.wants_prefix:
        return msgspec.structs.replace(found, family=family.id if family else "")
    found = msgspec.structs.replace(found, family=family.id, query_prefix=family.query, document_prefix=family.document)
    with contextlib.suppress(Skip):
        prefixed = await batch(context, chosen.model, family.query, family.document)
        found = msgspec.structs.replace(found, prefixed_ranks=ranks(prefixed.vectors))
    return found


async def batch(context: Context, model: str, query: str, document: str) -> Embedded:
    """Passages, questions and two orders of the same words. Raises Skip when they are refused or unusable."""
    texts = [document + text for text in PASSAGES] + [query + text for text, _ in ASKED] + list(ORDERS)
    answer = await embed(context, model, texts, deadline_s=DEADLINE_S)
    if not answer.ok:
        raise Skip(f"a batch of {len(texts)} short texts was refused: {answer.error}")
    if any(is_bad(vector) for vector in answer.vectors):
        raise Skip("the embedder gives no usable vectors")
    return answer


def ranks(vectors: tuple[Vector, ...]) -> tuple[int, ...]:
    """The place of each question's passage among the twelve."""
    passages = vectors[: len(PASSAGES)]
    found = []
    for number, (_, right) in enumerate(ASKED):
        scores = [cosine(vectors[len(PASSAGES) + number], passage) for passage in passages]
        found.append(sum(score > scores[right] for score in scores) + 1)
    return tuple(found)
