"""The re-embed test: stored chunks embedded again with the embedder in use must give their stored vectors.

Where they do not, each way in which the vectors may have been made is tried, until one gives them back.
"""

import random
import statistics
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from doctor.collect.index.embedding import Made, cosine, embed_all, embedding_model
from doctor.collect.index.readings import Sample, tried
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Index, Reembedding
from doctor.facts.index import EXACT_VECTOR, SAME_VECTOR
from doctor.model import Depth
from doctor.retrieval.families import family_of
from doctor.retrieval.words import is_binary, words
from doctor.stores.store import Chunk

COMPARED = 32  # chunks that are embedded again; 96 at depth deep
COMPARED_DEEP = 96
FEWEST = 3  # chunks that must differ before another reading is looked for
TAILS = 6  # of the longest chunks are embedded without their end
KEPT = 2 / 3
TAIL_WORDS = 60  # a chunk with fewer words fits every embedder's window
SAME = 0.9999  # as in the truncation probe: texts with different ends give less unless the end was not read


async def collect_reembedding(context: Context) -> Reembedding:
    """Embed chunks of the sample again and compare. Raises Skip where there is nothing to compare."""
    index = context.index
    described = await context.fact(Index)
    if described.lossy:
        raise Skip(f"an index of type {described.index} keeps approximations of its vectors, which cannot be compared")
    usable = [c for c in await index.sample() if c.text and c.text.strip() and not is_binary(c.text)]
    chunks = comparable(usable, COMPARED_DEEP if context.depth is Depth.DEEP else COMPARED, described.seed)
    if not chunks:
        raise Skip("none of the sampled rows has both a text and a vector")
    model = await embedding_model(context)
    prefix = index.wish.document_prefix or ""
    made = await embed_all(context, model, [prefix + (chunk.text or "") for chunk in chunks])
    sample = Sample(
        model=model,
        texts=[chunk.text or "" for chunk in chunks],
        metadata=[chunk.metadata for chunk in chunks],
        stored=[chunk.vector for chunk in chunks],
        fresh=made.vectors,
        prefix=prefix,
    ).answered()
    family = family_of(model)
    base = Reembedding(
        model=model,
        dimension=int(sample.fresh[0].size),
        stored_dimension=int(statistics.mode(vector.size for vector in sample.stored)),
        compared=len(sample.texts),
        agree=0,
        refused=made.refused,
        refusal=made.refusal,
        family=family.id if family else "",
        document_prefix=family.document if family else "",
        words_s=round(made.words_s, 1),
        words_all=round(statistics.fmean(len(words(chunk.text or "")) for chunk in usable) * described.count),
    )
    return await judged(context, base, sample)


def comparable(chunks: Sequence[Chunk], count: int, seed: int) -> list[Chunk]:
    """Chunks with both text and vector, drawn with the run's seed; a text that stands there twice is taken once.

    Where vectors have different sizes, those of the most frequent one: two sizes cannot be compared with each other.
    """
    both = {chunk.text: chunk for chunk in chunks if chunk.vector is not None and _has_direction(chunk.vector)}
    sizes = Counter(chunk.vector.size for chunk in both.values())
    held = [chunk for chunk in both.values() if chunk.vector.size == sizes.most_common(1)[0][0]]
    return random.Random(seed).sample(held, min(count, len(held)))  # noqa: S311 - a sample, not a secret


def _has_direction(vector: Any) -> bool:  # noqa: ANN401 - a numpy array
    """Whether a vector is made of numbers and not of zeros alone; the check index-vectors counts those that are not."""
    import numpy as np

    return bool(np.isfinite(vector).all() and vector.any())


async def judged(context: Context, base: Reembedding, sample: Sample) -> Reembedding:
    """The comparison, and the readings where it fails."""
    if base.dimension != base.stored_dimension:
        readings = await tried(context, sample)
        return msgspec.structs.replace(base, readings=readings)
    cosines = [cosine(a, b) for a, b in zip(sample.stored, sample.fresh, strict=True)]
    agree = sum(value >= SAME_VECTOR for value in cosines)
    tested, unread, shortest = await unread_tails(context, sample)
    return msgspec.structs.replace(
        base,
        agree=agree,
        cosines=tuple(round(value, 5) for value in cosines),
        stranger=round(_strangers(sample), 4),
        norm_stored=round(_norm(sample.stored), 4),
        norm_fresh=round(_norm(sample.fresh), 4),
        readings=await tried(context, sample) if sum(c < EXACT_VECTOR for c in cosines) >= FEWEST else (),
        tails_tested=tested,
        tails_unread=unread,
        unread_words=shortest,
    )


def _strangers(sample: Sample) -> float:
    """Mean cosine of stored vectors with fresh ones of other chunks."""
    shifted = sample.fresh[1:] + sample.fresh[:1]
    pairs = [cosine(a, b) for a, b in zip(sample.stored, shifted, strict=True)]
    return statistics.fmean(pairs) if len(pairs) > 1 else 0.0


def _norm(vectors: Sequence[Any]) -> float:
    import numpy as np

    return statistics.median(float(np.linalg.norm(vector.astype(np.float64))) for vector in vectors)


async def unread_tails(context: Context, sample: Sample) -> tuple[int, int, int]:
    """Of the longest chunks, how many give the same vector without their last third; words of the shortest of these."""
    order = sorted(range(len(sample.texts)), key=lambda place: -len(sample.texts[place].split()))
    longest = [place for place in order[:TAILS] if len(sample.texts[place].split()) >= TAIL_WORDS]
    if not longest:
        return 0, 0, 0
    made: Made = await embed_all(context, sample.model, [sample.prefix + _head(sample.texts[p]) for p in longest])
    unread = [
        len(sample.texts[place].split())
        for place, vector in zip(longest, made.vectors, strict=True)
        if vector is not None and cosine(vector, sample.fresh[place]) > SAME
    ]
    return len(longest) - made.refused, len(unread), min(unread, default=0)


def _head(text: str) -> str:
    """The first two thirds of a text's words."""
    all_words = text.split()
    return " ".join(all_words[: int(len(all_words) * KEPT)])
