"""The index is complete: it is trained, valid, and holds a vector for every row.

What: what the store says about the collection and its index, and the share of rows without a vector.

Why: a row without a vector is never found, and an index that is not trained or whose building was broken off finds
little or nothing. Neither raises an error when a question is asked.

How: the store's own counts. FAISS says whether it is trained, PostgreSQL whether an index is valid, Qdrant its state;
rows without a vector are counted by the store, or in the sample where the store does not count them.

Limits: rows that wait for an index are searched all the same by Qdrant and LanceDB, only slower: that is a note.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Index,
    IndexVectors,
    Severity,
    Skip,
    Symptom,
    Verdict,
    reported,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
EMPTY = Symptom(id="index-empty", title="The index holds nothing", severity=Severity.CRITICAL)
NOT_READY = Symptom(id="index-not-ready", title="The index is not trained or not valid", severity=Severity.CRITICAL)
WITHOUT = Symptom(id="index-rows-without-vector", title="Rows of the index have no vector")
WAITING = Symptom(id="index-rows-waiting", title="Rows wait for the index", severity=Severity.NOTE)

MISSING_SHARE = 0.01  # a few failed chunks happen; one in a hundred is a part of somebody's documents
WAITING_SHARE = 0.1


async def check(context: Context) -> Verdict:
    """Judge the store's own words and counts."""
    index = await context.fact(Index)
    name = index.title or index.collection
    count = reported("rows", index.count, "rows", index.kind)
    if index.count == 0:
        return verdict(seen(EMPTY, name, f"The collection {name} holds no rows", count), measured=[count])
    without = await rows_without(context, index)
    return verdict(not_ready(index, name), without, waiting(index, name), measured=[count])


def not_ready(index: Index, name: str) -> Finding | None:
    """Training and validity as the store states them."""
    bad_status = index.status.startswith("invalid") or index.status == "red"
    if index.trained is not False and not bad_status:
        return None
    state = reported("state of the index", index.status or "not trained", "", index.kind)
    kind = reported("kind of index", index.index, "", index.kind)
    return seen(NOT_READY, name, f"The {index.index} index of {name} cannot be used: {state.value}", state, kind)


async def rows_without(context: Context, index: Index) -> Finding | None:
    """Rows that no search can find."""
    missing, of, source = index.without_vector, index.count, index.kind
    if missing is None:
        try:
            vectors = await context.fact(IndexVectors)
        except Skip:
            return None
        missing, of, source = vectors.without_vector, vectors.sampled, "sample"
    if missing <= MISSING_SHARE * of:
        return None
    counted = reported("rows without a vector", missing, f"of {of}", source)
    return seen(WITHOUT, index.title or index.collection, f"{missing} of {of} rows have no vector", counted)


def waiting(index: Index, name: str) -> Finding | None:
    """Rows that the index does not cover yet."""
    if index.indexed is None or index.count - index.indexed <= WAITING_SHARE * index.count or index.without_vector:
        return None
    covered = reported("rows that the index covers", index.indexed, f"of {index.count}", index.kind)
    return seen(WAITING, name, f"The index covers {index.indexed} of {index.count} rows: searches are slower", covered)
