"""The index returns the rows that are nearest.

What: for questions whose chunk was not returned, whether that chunk is nearer than the last row that was.

Why: an approximate index trades rows for speed. Set too tight, or built on too few rows, it leaves out the right ones,
and the embedder is blamed for it.

How: the question's own vector is compared with the stored vectors of its chunk and of the last returned row. A nearer
chunk that was left out is the index's doing.

Limits: only chunks of the sample are compared, and only those that questions were made of.
"""

from doctor.api import Context, Depth, Index, KnownItems, Severity, Symptom, Verdict, probed, seen, verdict

SUBJECT = "index"
DEPTH = Depth.QUICK
DEADLINE_S = 300.0
LOST = Symptom(id="index-neighbours-lost", title="The index leaves out near rows", severity=Severity.CRITICAL)

LOST_SHARE = 0.05  # of the questions; usual settings of HNSW lose one in a hundred


async def check(context: Context) -> Verdict:
    """Count what the index left out."""
    index = await context.fact(Index)
    items = await context.fact(KnownItems)
    asked = len(items.base.ranks)
    lost = probed("right chunks left out by the index", items.lost_by_index, f"of {asked}", "known items")
    if items.lost_by_index <= LOST_SHARE * asked:
        return verdict(measured=[lost])
    summary = f"The {index.index} index leaves out {items.lost_by_index} chunks nearer than what it returns"
    return verdict(seen(LOST, index.title or index.collection, summary, lost), measured=[lost])
