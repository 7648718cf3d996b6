"""Stored vectors were made of the whole chunk, with the prefix that the embedding model wants.

What: where stored vectors are not made again from the chunk as it is stored, the text that does give them back.

Why: a vector made of the first half of a chunk cannot find the second half. A prefix that the model was not trained
with, or one that only one side has, costs rank.

How: six chunks that differ are embedded with every known prefix, with their metadata in front, and cut after fewer and
fewer words. A match has a median cosine of 0.99 and more and a quarter of the distance that was there before, because
a short prefix before a long chunk changes its vector by less than a hundredth. What a family wants is data.

Limits: which prefix the pipeline puts in front of questions is not in the index; say it with --query-prefix.
"""

from doctor.api import (
    Context,
    Depth,
    Index,
    Reading,
    Reembedding,
    Severity,
    Symptom,
    Verdict,
    percent,
    probed,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.QUICK
DEADLINE_S = 300.0
PREFIX = Symptom(id="index-prefix-differs", title="Stored vectors were made with another prefix")
CUT = Symptom(id="index-text-cut", title="Stored vectors stand for the beginning of their chunks only")
OTHER = Symptom(
    id="index-text-differs", title="Stored vectors were made of another text than the chunk", severity=Severity.NOTE
)

FEWEST = 3  # chunks that must differ before anything is said
PROBE = "re-embed test"


async def check(context: Context) -> Verdict:
    """Name the text that the stored vectors were made of."""
    index = await context.fact(Index)
    found = await context.fact(Reembedding)
    measured = [probed("stored vectors that are made again", found.agree, f"of {found.compared}", PROBE)]
    reading = found.reading
    if reading is None or reading.kind == "model" or found.inexact < FEWEST:
        return verdict(measured=measured)
    name = index.title or index.collection
    fits = probed(f"cosine when made with {words(reading)}", reading.median, "", PROBE)
    evidence = (fits, *measured)
    share = percent(found.inexact / found.compared)
    if reading.kind == "cut":
        summary = f"{share} of the stored vectors were made of the first {reading.detail} words of their chunks"
        return verdict(seen(CUT, name, summary, *evidence), measured=evidence)
    if reading.kind == "prefix" and not as_wanted(index, found, reading):
        expected = index.document_prefix if index.document_prefix is not None else found.document_prefix
        summary = f"Stored vectors were made with {words(reading)}; expected is {prefix_words(expected)}"
        return verdict(seen(PREFIX, name, summary, *evidence), measured=evidence)
    return verdict(seen(OTHER, name, f"Stored vectors were made with {words(reading)}", *evidence), measured=evidence)


def as_wanted(index: Index, found: Reembedding, reading: Reading) -> bool:
    """Whether the prefix is the one that the model's family wants, and nobody said otherwise."""
    return index.document_prefix is None and reading.detail == found.document_prefix


def words(reading: Reading) -> str:
    """A reading in a sentence."""
    return {
        "prefix": prefix_words(reading.detail),
        "cut": f"the first {reading.detail} words",
        "metadata": "the chunk's metadata in front of its text",
        "newlines": "line breaks as spaces",
        "dimensions": f"the first {reading.detail} numbers of a vector",
    }.get(reading.kind, reading.detail)


def prefix_words(prefix: str) -> str:
    """A prefix in a sentence."""
    return f"the prefix {prefix!r}" if prefix else "no prefix"
