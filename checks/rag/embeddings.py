"""Whether the embedding model gives vectors that can be searched with.

What: six short sentences, three pairs that say the same in other words, embedded in one batch, and the first of them
again alone.

Why: retrieval trusts the vectors. Unusable ones fail or match everything, a chat model's vectors rank by chance, and
neither shows up as an error.

How: every vector is checked for components that are no numbers and for all zeros; the repeat must have a cosine of
0.999 with the first; the mean cosine of the pairs must exceed that of unrelated sentences by 0.05; lengths should be 1.

Limits: three pairs say whether a model embeds at all, not how well it ranks: absolute cosines differ between families,
so only differences are judged. Only a model that the server or its name calls an embedder is tried, and what
llama.cpp embeds with.
"""

from doctor.api import (
    Context,
    Depth,
    Embeddings,
    Evidence,
    Finding,
    Severity,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

SUBJECT = "embedder"
DEPTH = Depth.QUICK
DEADLINE_S = 90.0
NOT_EMBEDDER = Symptom(id="not-an-embedder", title="A model that is not made for embeddings is used for them")
REFUSED = Symptom(id="embedding-refused", title="The embedding model refuses to embed")
POOLING_OFF = Symptom(id="pooling-off", title="The server gives vectors of tokens, not of texts")
BAD = Symptom(id="embedding-bad-vectors", title="Embeddings hold values that are no numbers, or only zeros")
UNSTEADY = Symptom(id="embedding-not-repeatable", title="The same text gets a different vector")
NARROW = Symptom(
    id="embedding-margin-low", title="Embeddings do not tell related texts from unrelated ones", semantic=True
)
LENGTHS = Symptom(id="embedding-not-normalised", title="Embedding vectors do not have length 1", severity=Severity.NOTE)

SAME_TEXT = 0.999  # cosine; batching and f16 arithmetic move it by 1e-4 at most
NO_MARGIN = 0.05  # mean cosine of pairs minus that of unrelated texts; embedders reach 0.2 and more
UNIT = 0.01


async def check(context: Context) -> Verdict:
    """Judge the refusal, or the vectors."""
    found = await context.fact(Embeddings)
    if found.status != 200 or found.error:
        return verdict(refusal(found))
    measured = [probed("dimensions", found.dimensions, "", found.route)]
    if found.bad:
        places = probed("unusable vectors", f"{len(found.bad)} of {len(found.bad) + len(found.norms)}", "", found.route)
        return verdict(seen(BAD, found.model, f"{places.value} embeddings are not usable as vectors", places))
    if found.margin is not None:
        measured.append(probed("margin of paraphrases over unrelated texts", round(found.margin, 3), "", found.route))
    if found.repeat_cosine is not None:
        measured.append(probed("cosine of the same text, twice", round(found.repeat_cosine, 5), "", found.route))
    return verdict(narrow(found, measured), unsteady(found, measured), lengths(found), measured=measured)


def refusal(found: Embeddings) -> Finding:
    """Why there is no vector."""
    status = probed("refusal", f"HTTP {found.status}: {found.error}", "", found.route)
    error = found.error.lower()
    if "nan" in error.split() or "unsupported value" in error:
        return seen(BAD, found.model, f"The server could not send its own embeddings: {found.error}", status)
    if "pooling" in error:
        return seen(POOLING_OFF, found.model, f"Pooling is off: {found.error}", status)
    if not found.dedicated and "embed" in error:
        return seen(NOT_EMBEDDER, found.model, f"The server refuses to embed with this model: {found.error}", status)
    return seen(REFUSED, found.model, f"A request for embeddings failed with HTTP {found.status}", status)


def narrow(found: Embeddings, measured: list[Evidence]) -> Finding | None:
    """Related and unrelated texts at the same distance."""
    if found.margin is None or found.margin >= NO_MARGIN:
        return None
    symptom = NOT_EMBEDDER if found.dedicated is False else NARROW
    return seen(
        symptom, found.model, f"Related texts are only {found.margin:.2f} closer than unrelated ones", *measured
    )


def unsteady(found: Embeddings, measured: list[Evidence]) -> Finding | None:
    """Alone and in a batch, the same text must give the same vector."""
    if found.repeat_cosine is None or found.repeat_cosine >= SAME_TEXT:
        return None
    return seen(UNSTEADY, found.model, f"The same text gave cosine {found.repeat_cosine:.4f} with itself", *measured)


def lengths(found: Embeddings) -> Finding | None:
    """Lengths other than one matter to stores that compare by dot product."""
    if all(abs(norm - 1) <= UNIT for norm in found.norms):
        return None
    lengths_ = probed("length of vectors", f"{min(found.norms):.2f} to {max(found.norms):.2f}", "", found.route)
    return seen(LENGTHS, found.model, f"Vectors have lengths of {lengths_.value}, not 1", lengths_)
