"""The embedding model finds passages by their meaning.

What: twelve short passages on four subjects, and 24 questions that share no rare word with theirs.

Why: vectors of the right shape may mean nothing. A chat model, or a wrong pooling, ranks by chance, and a model that
was trained with prefixes ranks worse without them.

How: each question's passage is ranked among the twelve by cosine; mean reciprocal rank at 5, with its interval. Once
without prefixes, once with those of the model's family. Two sentences of the same words in another order must differ.

Limits: the questions are English and easy. Measured: all-MiniLM-L6-v2 reaches 0.82, with a wrong pooling 0.74 to 0.87,
a chat model 0.2, and chance gives 0.19: a wrong pooling can hide behind an easy test.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    MiniRetrieval,
    Severity,
    Symptom,
    Verdict,
    gain_interval,
    mrr,
    mrr_interval,
    probed,
    seen,
    verdict,
)

SUBJECT = "embedder"
DEPTH = Depth.DEEP
CHANCE = Symptom(id="ranks-by-chance", title="The embedding model ranks passages by chance")
CHAT = Symptom(id="chat-model-ranks-by-chance", title="A chat model is used to rank passages")
BAG = Symptom(id="word-order-lost", title="The order of words makes no difference to a vector")
PREFIX = Symptom(
    id="prefixes-would-gain", title="The model ranks better with its family's prefixes", severity=Severity.NOTE
)

BY_CHANCE = 0.6  # upper end of the interval of the mean reciprocal rank at 5
GAIN = 0.1
SAME = 0.9999
DEPTH_OF_RANK = 5


async def check(context: Context) -> Verdict:
    """Rank, then the prefixes."""
    found = await context.fact(MiniRetrieval)
    ranks = at_five(found.ranks)
    low, high = mrr_interval(ranks)
    measured = [
        probed("mean reciprocal rank at 5", round(mrr(ranks), 2), f"({low:.2f} to {high:.2f})", found.route),
        probed("cosine of the same words in another order", found.order_cosine, "", found.route),
    ]
    return verdict(chance(found, high, measured), bag(found, measured), prefixes(found, ranks), measured=measured)


def at_five(ranks: tuple[int, ...]) -> tuple[int, ...]:
    """Ranks beyond the fifth count as not found."""
    return tuple(rank if rank <= DEPTH_OF_RANK else 0 for rank in ranks)


def chance(found: MiniRetrieval, high: float, measured: list[Evidence]) -> Finding | None:
    """A ranking that cannot be told from chance."""
    if high >= BY_CHANCE:
        return None
    symptom = CHAT if found.dedicated is False else CHANCE
    return seen(symptom, found.model, f"{found.model} ranks the right passage no better than by chance", *measured)


def bag(found: MiniRetrieval, measured: list[Evidence]) -> Finding | None:
    """Dog bites man, man bites dog."""
    if found.order_cosine <= SAME:
        return None
    return seen(BAG, found.model, "Two sentences with the same words in another order get the same vector", *measured)


def prefixes(found: MiniRetrieval, plain: tuple[int, ...]) -> Finding | None:
    """What the family's prefixes add."""
    if not found.prefixed_ranks:
        return None
    low, high = gain_interval(plain, at_five(found.prefixed_ranks))
    if (low + high) / 2 < GAIN or low <= 0:
        return None
    gain = probed("gain in reciprocal rank with prefixes", round((low + high) / 2, 2), f"({low:.2f} to {high:.2f})")
    words = f"{found.query_prefix!r} before questions"
    if found.document_prefix:
        words += f" and {found.document_prefix!r} before passages"
    return seen(PREFIX, found.model, f"{found.model} ranks better with {words}", gain)
