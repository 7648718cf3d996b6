"""Known-item retrieval: questions whose right chunk is known, searched for in the user's own index."""

from collections.abc import Sequence
from typing import Any

from doctor.collect.index.asking import Asking, questions
from doctor.collect.index.embedding import cosine, embed_all, embedding_model
from doctor.collect.index.levers import levers
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Index, KnownItems, Miss, Ranking
from doctor.retrieval.questions import Question
from doctor.retrieval.words import same, shingles
from doctor.stores.index import OpenIndex
from doctor.stores.store import Chunk

DEPTH = 50  # results looked at for each question
WORST = 10  # questions that are kept with what came instead
SOURCE_FIELDS = (
    "source",
    "file_path",
    "filepath",
    "path",
    "file",
    "source_file",
    "file_name",
    "filename",
    "name",
    "title",
)


async def collect_known_items(context: Context) -> KnownItems:
    """Ranks as the index is used now, by chance, and with each lever. Raises Skip where nothing can be asked."""
    index = context.index
    described = await context.fact(Index)
    asking = await questions(context)
    model = await embedding_model(context)
    prefix = index.wish.query_prefix or ""
    made = await embed_all(context, model, [prefix + question.text for question in asking.questions])
    kept = [(q, v) for q, v in zip(asking.questions, made.vectors, strict=True) if v is not None]
    if described.dimension is not None and kept[0][1].size != described.dimension:
        raise Skip(f"{model} makes vectors of {kept[0][1].size} numbers and the index holds {described.dimension}")
    depth = max(DEPTH, described.k)
    asked = [question for question, _ in kept]
    vectors = [vector for _, vector in kept]
    index.questions = [question.text for question in asked]
    results = await index.search(vectors, depth)
    ranks = await ranked(index, asked, results, described.k)
    others = asked[1:] + asked[:1]
    base = Ranking(name="as it is", ranks=tuple(ranks), depth=depth, corpus=described.count)
    control = await ranked(index, others, results, described.k)
    return KnownItems(
        made_by=asking.made_by,
        k=described.k,
        base=base,
        control=Ranking(name="control", ranks=tuple(control), depth=depth, corpus=described.count),
        levers=await levers(context, asked, results, base, lambda found: ranked(index, asked, found, described.k)),
        lost_by_index=await lost_by_index(index, described, asked, vectors, results),
        worst=worst(asked, ranks, results, described.k),
        left_out=left_out(asking, made.refused),
    )


def left_out(asking: Asking, refused: int) -> int:
    """Questions that could not be made or embedded."""
    return asking.left_out + refused


async def ranked(index: OpenIndex, asked: Sequence[Question], results: Sequence[Sequence[str]], k: int) -> list[int]:
    """The rank of the first right result for each question; 0 when there is none among them."""
    by_source = any(question.sources for question in asked)
    need = [id_ for found in results for id_ in (found if by_source else found[:k])]
    rows = await index.fetched([*need, *(id_ for question in asked for id_ in question.expected)])
    return [rank(question, found, rows, k) for question, found in zip(asked, results, strict=True)]


def rank(question: Question, found: Sequence[str], rows: dict[str, Chunk], k: int) -> int:
    """The place of the first result that is expected, comes from an expected source, or says the same within k."""
    texts = [shingles(text) for id_ in question.expected if id_ in rows and (text := rows[id_].text)]
    for place, id_ in enumerate(found, 1):
        row = rows.get(id_)
        if id_ in question.expected or (row and from_source(row, question.sources)):
            return place
        if place <= k and row and row.text and any(same(shingles(row.text), wanted) for wanted in texts):
            return place
    return 0


def from_source(chunk: Chunk, sources: Sequence[str]) -> bool:
    """Whether the chunk names one of the files as its own, by path or by name."""
    named = [str(chunk.metadata[field]) for field in SOURCE_FIELDS if chunk.metadata.get(field)]
    return any(name == source or name.endswith(("/" + source, "\\" + source)) for name in named for source in sources)


async def lost_by_index(
    index: OpenIndex,
    described: Index,
    asked: Sequence[Question],
    vectors: Sequence[Any],
    results: Sequence[Sequence[str]],
) -> int:
    """Questions whose chunk the index left out although it is nearer than the last one that it returned."""
    held = {chunk.id: chunk.vector for chunk in await index.sample() if chunk.vector is not None}
    missed = [
        (vector, held[question.expected[0]], found[-1])
        for question, vector, found in zip(asked, vectors, results, strict=True)
        if question.expected and question.expected[0] in held and found and question.expected[0] not in found
    ]
    if not missed:
        return 0
    last = list(dict.fromkeys(id_ for _, _, id_ in missed))
    rows = await index.call(lambda store: store.fetch(index.collection, last, vectors=True))
    ends = {chunk.id: chunk.vector for chunk in rows if chunk.vector is not None}

    return sum(
        end in ends and near(described.metric, q, gold) > near(described.metric, q, ends[end]) + 1e-4
        for q, gold, end in missed
    )


def near(metric: str, question: Any, stored: Any) -> float:  # noqa: ANN401 - numpy arrays
    """How near a stored vector is by the index's metric; more is nearer, and what has no direction is nowhere."""
    import numpy as np

    if metric == "cosine":
        return cosine(question, stored)
    a, b = question.astype(np.float64), stored.astype(np.float64)
    value = -float(np.linalg.norm(a - b)) if metric == "l2" else float(a @ b)
    return value if np.isfinite(value) else float("-inf")


def worst(
    asked: Sequence[Question], ranks: Sequence[int], results: Sequence[Sequence[str]], k: int
) -> tuple[Miss, ...]:
    """Questions that failed at k, not found at all first."""
    failed = [n for n, place in enumerate(ranks) if not 0 < place <= k]
    failed.sort(key=lambda n: (ranks[n] != 0, -ranks[n]))
    return tuple(
        Miss(question=n, expected=asked[n].expected or asked[n].sources, rank=ranks[n], instead=tuple(results[n][:3]))
        for n in failed[:WORST]
    )
