"""Stored vectors can be compared: one size, no unusable ones, lengths that do not disturb, and each finds itself.

What: the stored vectors of a sample, and the result of searching for some of them.

Why: vectors of two sizes come from two models. Unusable ones match everything or nothing. With a dot product or a
distance, a vector's length moves its rank. And a row that its own vector does not find is lost to every question.

How: sizes and lengths of the sampled vectors; the metric as the store states it; 100 stored vectors searched for in
the index itself. A row with the same text counts as found.

Limits: where the query decides about the metric, as in PostgreSQL without an index, --metric says which it is.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Index,
    IndexVectors,
    Severity,
    Symptom,
    Verdict,
    computed,
    percent,
    probed,
    reported,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
MIXED = Symptom(id="index-mixed-dimensions", title="Stored vectors have different sizes", severity=Severity.CRITICAL)
BAD = Symptom(id="index-bad-vectors", title="Stored vectors are no numbers or only zeros", severity=Severity.CRITICAL)
LENGTHS = Symptom(id="index-lengths-matter", title="The length of a stored vector moves its rank")
LOST = Symptom(id="index-self-miss", title="Stored vectors are not found by themselves", severity=Severity.CRITICAL)

SPREAD = 0.02  # of the lengths, standard deviation over mean; unit vectors in half precision stay below 0.001
# An approximate index misses a few neighbours, but a stored vector's nearest one is itself: 3 of 100 are a fault.
SELF_MISSED = 0.03
BY_LENGTH = ("dot", "l2")


async def check(context: Context) -> Verdict:
    """Judge the sample."""
    index = await context.fact(Index)
    vectors = await context.fact(IndexVectors)
    name = index.title or index.collection
    measured = [
        reported("dimensions", index.dimension, "", index.kind),
        reported("metric", index.metric or "not known", "", index.metric_source),
        computed("rows read", vectors.sampled, "rows", f"sample, seed {index.seed}"),
        probed("stored vectors that find themselves", vectors.searched - vectors.self_missed, f"of {vectors.searched}"),
    ]
    return verdict(
        mixed(vectors, name), bad(vectors, name), lengths(index, vectors, name), lost(vectors, name), measured=measured
    )


def mixed(vectors: IndexVectors, name: str) -> Finding | None:
    """More than one size of vector."""
    if len(vectors.sizes) < 2:
        return None
    sizes = ", ".join(f"{size} numbers in {rows} rows" for size, rows in sorted(vectors.sizes.items()))
    return seen(MIXED, name, f"Stored vectors have {sizes}", computed("sizes of vectors", sizes, "", "sample"))


def bad(vectors: IndexVectors, name: str) -> Finding | None:
    """Vectors without a direction."""
    if not vectors.bad:
        return None
    count = computed("unusable vectors", vectors.bad, f"of {vectors.sampled}", "sample")
    return seen(BAD, name, f"{vectors.bad} of {vectors.sampled} sampled vectors are no numbers or all zero", count)


def lengths(index: Index, vectors: IndexVectors, name: str) -> Finding | None:
    """Lengths that vary under a metric that they change."""
    if index.metric not in BY_LENGTH or vectors.norm_spread <= SPREAD:
        return None
    span = computed("length of vectors", f"{vectors.norm_min:.3g} to {vectors.norm_max:.3g}", "", "sample")
    metric = reported("metric", index.metric, "", index.metric_source)
    return seen(LENGTHS, name, f"Vectors have lengths of {span.value}, and the metric is {index.metric}", span, metric)


def lost(vectors: IndexVectors, name: str) -> Finding | None:
    """Rows that a search for their own vector does not return."""
    if vectors.self_missed <= SELF_MISSED * vectors.searched:
        return None
    share = vectors.self_missed / vectors.searched
    missed = probed("rows that their own vector does not find", vectors.self_missed, f"of {vectors.searched}")
    return seen(
        LOST, name, f"{percent(share)} of the stored vectors are not among their own {vectors.k} nearest", missed
    )
