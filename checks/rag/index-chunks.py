"""Chunks hold something to be found, once.

What: the texts of a sample, and the results of searching for stored vectors.

Why: a pipeline fetches a handful of passages. Each of them that is empty, a page's header, raw bytes of a file or the
same text again is a place less for the answer.

How: chunks of fewer than three words; chunks more than half of which stands word for word in a third of all others;
chunks that begin like a file format or hold characters that no text has. Repeats are counted among the k nearest rows
of 100 stored vectors: two texts are the same when nine tenths of their runs of five words are.

Limits: a sample; chunks that overlap by design share far less than that.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Index,
    IndexChunks,
    IndexVectors,
    Skip,
    Symptom,
    Verdict,
    computed,
    percent,
    probed,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
REPEATS = Symptom(id="index-repeats", title="Search results repeat the same text")
NOTHING = Symptom(id="index-empty-chunks", title="Chunks hold nothing that can be found")

REPEATED = 0.2  # of the fetched passages: one in five is wasted
WASTED = 0.1  # of the chunks


async def check(context: Context) -> Verdict:
    """Judge texts and results."""
    index = await context.fact(Index)
    chunks = await context.fact(IndexChunks)
    name = index.title or index.collection
    measured = [
        computed("chunks read", chunks.sampled, "", f"sample, seed {index.seed}"),
        computed("empty, boilerplate or no text", wasted(chunks), f"of {chunks.sampled}", "sample"),
    ]
    return verdict(nothing(chunks, name), await repeats(context, name), measured=measured)


def wasted(chunks: IndexChunks) -> int:
    """Chunks without anything to find."""
    return chunks.empty + chunks.boilerplate + chunks.binary


def nothing(chunks: IndexChunks, name: str) -> Finding | None:
    """Too many chunks without content, and of which kind they are."""
    count = wasted(chunks)
    if count <= WASTED * chunks.sampled:
        return None
    kinds = {"empty": chunks.empty, "headers and footers": chunks.boilerplate, "bytes of a file": chunks.binary}
    evidence = [
        computed(f"chunks that are {kind}", n, f"of {chunks.sampled}", "sample") for kind, n in kinds.items() if n
    ]
    main = max(kinds, key=kinds.__getitem__)
    share = percent(count / chunks.sampled)
    return seen(NOTHING, name, f"{share} of the chunks hold nothing that can be found, mostly {main}", *evidence)


async def repeats(context: Context, name: str) -> Finding | None:
    """Places among the results that are taken by a text that is there already."""
    try:
        vectors = await context.fact(IndexVectors)
    except Skip:
        return None
    if vectors.repeats <= REPEATED:
        return None
    share = probed(f"repeats among {vectors.k} results", percent(vectors.repeats), "", f"{vectors.searched} searches")
    return seen(REPEATS, name, f"{share.value} of the fetched passages say what another one already says", share)
