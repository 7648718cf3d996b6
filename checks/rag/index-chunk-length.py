"""Chunks fit what reads them: the embedder reads each to its end.

What: the longest stored chunks, embedded with and without their last third; and chunks that the embedder refuses.

Why: what the embedder does not read cannot be found, and a chunk that it refuses is missing after the next indexing.

How: the six longest of the chunks in the re-embed test; the same vector (cosine above 0.9999) without the last third
proves that the end is not read. Chunks of fewer than 60 words are not tried.

Limits: a limit that only longer chunks than the tried ones reach is not found.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Index,
    IndexChunks,
    Reembedding,
    Symptom,
    Verdict,
    computed,
    probed,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.QUICK
DEADLINE_S = 300.0
TAILS = Symptom(id="index-tails-unread", title="The embedder does not read the end of the longest chunks")
REFUSED = Symptom(id="index-chunks-refused", title="The embedder refuses chunks that are stored")
PROBE = "re-embed test"


async def check(context: Context) -> Verdict:
    """Judge the longest chunks."""
    index = await context.fact(Index)
    chunks = await context.fact(IndexChunks)
    found = await context.fact(Reembedding)
    name = index.title or index.collection
    measured = [
        computed("words of a chunk, median", chunks.words_median, "words", "sample"),
        computed("words of a chunk, longest", chunks.words_max, "words", "sample"),
        probed(
            "long chunks read to the end", found.tails_tested - found.tails_unread, f"of {found.tails_tested}", PROBE
        ),
    ]
    return verdict(tails(found, name), refused(found, name), measured=measured)


def tails(found: Reembedding, name: str) -> Finding | None:
    """Long chunks that give the same vector without their last third."""
    if not found.tails_unread:
        return None
    unread = probed("long chunks whose end is not read", found.tails_unread, f"of {found.tails_tested}", PROBE)
    shortest = probed("words of the shortest of these", found.unread_words, "words", PROBE)
    summary = f"Chunks of {found.unread_words} words and more get the same vector without their last third"
    return seen(TAILS, name, summary, unread, shortest)


def refused(found: Reembedding, name: str) -> Finding | None:
    """Chunks that are in the index and that the embedder of today does not take."""
    if not found.refused:
        return None
    count = probed("chunks refused", found.refused, "", PROBE)
    answer = probed("its answer", found.refusal, "", PROBE)
    return seen(REFUSED, name, f"{found.model} refuses {found.refused} stored chunks: {found.refusal}", count, answer)
