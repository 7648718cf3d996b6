"""Stored vectors of a sample, and whether a search for a stored vector finds it again.

The second is the index's own work: a vector that is stored and not found by itself is lost to every question, whatever
the embedder does.
"""

from collections import Counter

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Index, IndexVectors
from doctor.retrieval.words import repeated
from doctor.stores.index import OpenIndex
from doctor.stores.store import Chunk

SEARCHED = 100  # rows whose own vector is searched for


async def collect_index_vectors(context: Context) -> IndexVectors:
    """Sizes and lengths of the sampled vectors, and what a search for some of them gives. Raises Skip without any."""
    import numpy as np

    index = context.index
    described = await context.fact(Index)
    chunks = await index.sample()
    held = [chunk for chunk in chunks if chunk.vector is not None]
    if not held:
        raise Skip("none of the sampled rows has a vector that can be read")
    norms = np.array([float(np.linalg.norm(chunk.vector.astype(np.float64))) for chunk in held])
    usable = np.isfinite(norms) & (norms > 0)
    good = [chunk for chunk, right in zip(held, usable, strict=True) if right]
    sizes = Counter(int(chunk.vector.size) for chunk in held)
    # Vectors of two sizes cannot be compared: a store that lets them in refuses to search.
    searched = [c for c in good if described.dimension in (None, c.vector.size)][:SEARCHED] if len(sizes) == 1 else []
    missed, repeats = await searched_again(index, searched, max(2, described.k))
    lengths = norms[usable]
    return IndexVectors(
        sampled=len(chunks),
        without_vector=len(chunks) - len(held),
        sizes=dict(sizes),
        bad=len(held) - len(good),
        norm_min=round(float(lengths.min()), 6) if len(lengths) else 0.0,
        norm_max=round(float(lengths.max()), 6) if len(lengths) else 0.0,
        norm_spread=round(float(lengths.std() / lengths.mean()), 6) if len(lengths) else 0.0,
        searched=len(searched),
        self_missed=missed,
        repeats=round(repeats, 4),
        k=max(2, described.k),
    )


async def searched_again(index: OpenIndex, chunks: list[Chunk], k: int) -> tuple[int, float]:
    """How many of the chunks their own vector does not find, and the mean share of results that repeat another one.

    A result with the same text counts as the chunk itself: which of two equal rows comes first says nothing.
    """
    results = await index.search([chunk.vector for chunk in chunks], k)
    rows = await index.fetched(id_ for result in results for id_ in result)
    missed, shares = 0, []
    for chunk, result in zip(chunks, results, strict=True):
        found = [text for id_ in result if id_ in rows and (text := rows[id_].text)]
        if chunk.id not in result and (not chunk.text or chunk.text not in found):
            missed += 1
        if found:
            shares.append(repeated(found) / len(found))
    return missed, sum(shares) / len(shares) if shares else 0.0
