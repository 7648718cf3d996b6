"""The collection as its store describes it, and the pipeline as the user or the index describes it."""

from doctor.context import Context
from doctor.facts import Index
from doctor.index_wish import K


async def collect_index(context: Context) -> Index:
    """Description and wishes in one fact. Raises StoreError when the store cannot describe the collection."""
    index = context.index
    wish, found = index.wish, index.found
    described = await index.described()
    recorded = described.recorded if described.recorded.model else found.recorded
    k, source = wish.k, "-k"
    if k is None:
        k, source = (recorded.top_k, recorded.by) if recorded.top_k else (K, "usual value, as none was given")
    return Index(
        kind=found.store.kind,
        place=found.store.place,
        collection=index.collection,
        title=index.title,
        version=found.store.version,
        count=described.count,
        dimension=described.dimension,
        metric=described.metric,
        metric_source=described.metric_source,
        index=described.index,
        indexed=described.indexed,
        without_vector=described.without_vector,
        trained=described.trained,
        lossy=described.lossy,
        status=described.status,
        text_field=described.text_field,
        recorded_model=recorded.model,
        recorded_by=recorded.by,
        k=k,
        k_source=source,
        query_prefix=wish.query_prefix,
        document_prefix=wish.document_prefix,
        seed=wish.seed,
    )
