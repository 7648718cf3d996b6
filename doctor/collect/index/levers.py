"""What each lever would change: the family's prefixes, keyword search, both kinds of search together.

More passages need no search of their own: the ranks as they are say what another k would give.
"""

import contextlib
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from doctor.collect.index.embedding import embed_all, embedding_model
from doctor.context import Context
from doctor.errors import Skip, Trouble
from doctor.facts import Ranking, Reembedding
from doctor.retrieval.bm25 import rankings
from doctor.retrieval.families import Family, family_of
from doctor.retrieval.questions import Question
from doctor.retrieval.scoring import fused
from doctor.stores.index import OpenIndex

MAX_TEXTS = 300_000  # rows read for keyword search
SUB_INDEX = 150  # chunks that are embedded again to see what prefixes on both sides would give
OWN_WORDS = "favoured: the questions are made of the chunks' own words"
Judge = Callable[[Sequence[Sequence[str]]], Awaitable[list[int]]]
Results = Sequence[Sequence[str]]


async def levers(
    context: Context, asked: Sequence[Question], results: Results, base: Ranking, judge: Judge
) -> tuple[Ranking, ...]:
    """Rankings with one thing changed each; what cannot be tried is left out."""
    found: list[Ranking] = []
    with contextlib.suppress(Skip, Trouble):
        found += await with_prefixes(context, asked, base, judge)
    with contextlib.suppress(Skip):
        found += await keywords(context.index, asked, results, base, judge)
    return tuple(found)


async def with_prefixes(context: Context, asked: Sequence[Question], base: Ranking, judge: Judge) -> list[Ranking]:
    """The prefixes of the embedder's family where the pipeline is not known to use them. Raises Skip, Trouble."""
    model = await embedding_model(context)
    family = family_of(model)
    now = context.index.wish.query_prefix or ""
    if family is None or not family.query or family.query == now:
        return []
    made = await embed_all(context, model, [family.query + question.text for question in asked])
    if made.refused:
        return []
    results = await context.index.search(made.vectors, base.depth)
    found = [
        Ranking(
            name=f"questions with the prefix {family.query!r}",
            ranks=tuple(await judge(results)),
            depth=base.depth,
            corpus=base.corpus,
        )
    ]
    reembedded = await context.fact(Reembedding)
    reading = reembedded.reading
    if family.document and not (reading and reading.detail == family.document):
        found += await both_sides(context, model, family, asked, made.vectors)
    return found


async def both_sides(
    context: Context,
    model: str,
    family: Family,
    asked: Sequence[Question],
    with_query: Sequence[Any],
) -> list[Ranking]:
    """A small index of the questions' chunks and others, embedded again with the prefix for documents, and without."""
    import numpy as np

    index = context.index
    texts = {chunk.id: chunk.text for chunk in await index.sample() if chunk.text}
    gold = [question.expected[0] for question in asked if question.expected and question.expected[0] in texts]
    others = [id_ for id_ in texts if id_ not in gold]
    fill = random.Random(index.wish.seed).sample(others, max(0, min(len(others), SUB_INDEX - len(gold))))  # noqa: S311
    ids = list(dict.fromkeys([*gold, *fill]))[:SUB_INDEX]
    places = [n for n, question in enumerate(asked) if question.expected and question.expected[0] in ids]
    if not places:
        return []
    now = index.wish.query_prefix or ""
    plain = await embed_all(context, model, [texts[id_] for id_ in ids])
    prefixed = await embed_all(context, model, [family.document + texts[id_] for id_ in ids])
    bare = await embed_all(context, model, [now + asked[n].text for n in places])
    if plain.refused or prefixed.refused or bare.refused:
        return []
    found = []
    for name, questions, chunks in (
        ("without prefixes, a part of the chunks", bare.vectors, plain.vectors),
        ("prefixes on both sides, the same part", [with_query[n] for n in places], prefixed.vectors),
    ):
        scores = np.stack(questions) @ np.stack(chunks).T
        gold_at = [ids.index(asked[n].expected[0]) for n in places]
        ranks = tuple(int((row > row[place]).sum()) + 1 for row, place in zip(scores, gold_at, strict=True))
        found.append(Ranking(name=name, ranks=ranks, depth=len(ids), corpus=len(ids)))
    return found


async def keywords(
    index: OpenIndex, asked: Sequence[Question], results: Results, base: Ranking, judge: Judge
) -> list[Ranking]:
    """BM25 over all texts of the index, and its fusion with the ranking by vectors. Raises Skip for a huge index."""
    if base.corpus > MAX_TEXTS:
        raise Skip("the index is too large to be read as a whole")
    queries = [question.text for question in asked]
    by_words, count = await index.call(lambda store: rankings(queries, store.texts(index.collection), base.depth))
    if not count:
        return []
    note = "" if index.wish.asked or index.wish.model_questions else OWN_WORDS
    both = [fused(dense, sparse)[: base.depth] for dense, sparse in zip(results, by_words, strict=True)]
    return [
        Ranking(name=name, ranks=tuple(await judge(found)), depth=base.depth, corpus=count, note=note)
        for name, found in (("keywords (BM25)", by_words), ("vectors and keywords", both))
    ]
