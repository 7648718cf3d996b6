"""The user's filter, tried: rows that it leaves, and whether searches return them."""

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import FilterTrial, Index
from doctor.stores.store import Store

SEARCHES = 10
MAX_SHOWN = 8
MAX_VALUE = 60


async def collect_filter_trial(context: Context) -> FilterTrial:
    """Count and search with the filter. Raises Skip without one, StoreError where the store refuses it."""
    index = context.index
    where = index.wish.where
    if not where:
        raise Skip("no filter was given; --filter KEY=VALUE tries one")
    described = await context.fact(Index)
    chunks = [chunk for chunk in await index.sample() if chunk.vector is not None]
    matching = await index.call(lambda store: store.matching(index.collection, where))
    vectors = [c.vector for c in chunks if described.dimension in (None, c.vector.size)][:SEARCHES]

    def searched(store: Store) -> list[int]:
        return [len(store.query(index.collection, vector, described.k, where)) for vector in vectors]

    returned = await index.call(searched) if matching else []
    first = next(iter(where))
    values = (str(c.metadata[first])[:MAX_VALUE] for c in chunks if c.metadata.get(first) is not None)
    return FilterTrial(
        filter=" ".join(f"{key}={value}" for key, value in where.items()),
        matching=matching,
        wanted=min(described.k, matching),
        returned=min(returned, default=0),
        searches=len(returned),
        known_keys=tuple(sorted({key for chunk in chunks for key in chunk.metadata})[:MAX_SHOWN]),
        known_values=tuple(dict.fromkeys(values))[:MAX_SHOWN],
    )
