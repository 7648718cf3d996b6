"""Questions find their passage among the ones that are fetched.

What: the rank of the right chunk for up to 100 questions, in your own index.

Why: this is what users notice. It tells whether retrieval fails at all, and which lever would help before anything is
changed.

How: questions are made of a chunk's rare words, written by the model (--model-questions), or yours (--questions).
Recall is the share whose chunk is among the first k, with its 95 % interval; the same results judged against another
chunk show what chance gives. Levers: more passages, the embedding family's prefixes, keyword search, both together.

Limits: questions of a chunk's own words are easier than people's, and favour keyword search; a good result with them
does not prove that people's questions work, a bad one does prove a fault.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Index,
    KnownItems,
    Ranking,
    Symptom,
    Verdict,
    gain_interval,
    percent,
    probed,
    recall,
    recall_interval,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.QUICK
DEADLINE_S = 300.0
MISSED = Symptom(id="known-items-missed", title="Questions do not find their passage", semantic=True)
MORE = Symptom(id="more-passages-gain", title="More fetched passages would find it", semantic=True)
PREFIX = Symptom(id="prefix-gain", title="The embedder's prefixes would find it", semantic=True)

# Measured with all-MiniLM-L6-v2 and questions of seven own words: recall at 4 of 0.91, at 20 of 1.0.
LOW_RECALL = 0.75  # upper end of the interval
WIDER = 5  # times k, for the lever
RECALL_GAIN = 0.2
MRR_GAIN = 0.1  # mean reciprocal rank, with the lower end of its interval above 0


async def check(context: Context) -> Verdict:
    """Recall as it is, then what levers give."""
    index = await context.fact(Index)
    items = await context.fact(KnownItems)
    name, ranks, k = index.title or index.collection, items.base.ranks, items.k
    low, high = recall_interval(ranks, k)
    measured = [
        probed(f"recall at {k}", percent(recall(ranks, k)), f"({percent(low)} to {percent(high)})", items.made_by),
        probed("questions", len(ranks), "", items.made_by),
        probed("recall by chance", percent(recall(items.control.ranks, k)), "", "the results against other chunks"),
    ]
    missed = seen(MISSED, name, f"{percent(1 - recall(ranks, k))} of {len(ranks)} questions do not find their passage "
                  f"among the first {k}", *measured) if high < LOW_RECALL else None  # fmt: skip
    return verdict(missed, more(items, name), *prefix(items, name), measured=measured)


def more(items: KnownItems, name: str) -> Finding | None:
    """The passages are near, and cut off by k."""
    ranks, chance, wide = items.base.ranks, items.control.ranks, min(WIDER * items.k, items.base.depth)
    now, then = recall(ranks, items.k), recall(ranks, wide)
    by_chance = recall(chance, wide) - recall(chance, items.k)
    if then - now - by_chance < RECALL_GAIN or recall_interval(ranks, items.k)[1] >= recall_interval(ranks, wide)[0]:
        return None
    evidence = [probed(f"recall at {k}", percent(recall(ranks, k)), "", items.made_by) for k in (items.k, wide)]
    return seen(
        MORE, name, f"{percent(now)} find their passage among {items.k}, {percent(then)} among {wide}", *evidence
    )


def prefix(items: KnownItems, name: str) -> list[Finding]:
    """A gain in rank by the family's prefixes, each compared with the same questions without them."""
    known = {ranking.name: ranking for ranking in items.levers}
    pairs = [(items.base, ranking) for n, ranking in known.items() if n.startswith("questions with the prefix")]
    parts = [ranking for n, ranking in known.items() if "part" in n]
    pairs += [(parts[0], parts[1])] if len(parts) == 2 else []
    return [found for before, after in pairs if (found := gained(before, after, name)) is not None][:1]


def gained(before: Ranking, after: Ranking, name: str) -> Finding | None:
    """Mean gain in reciprocal rank above the threshold and above chance."""
    low, high = gain_interval(before.ranks, after.ranks)
    mean = (low + high) / 2
    if mean < MRR_GAIN or low <= 0:
        return None
    gain = probed(f"gain in reciprocal rank, {after.name}", round(mean, 2), f"({low:.2f} to {high:.2f})", "known items")
    return seen(PREFIX, name, f"With {after.name} the right passage comes up by {mean:.2f} in reciprocal rank", gain)
