"""The figures of a large index on a smaller one: memory, a sample that stays a sample, nothing changed on the disk.

Real indexes, a process of its own, a façade as the embedder. `make bench` measures the times, on 100 000 rows.
"""

import pytest

from tests.rag import indexes
from tests.rag.embed_server import embedding
from tests.rag.large import examined, large, summed
from tests.rag.threaded import in_thread
from tests.stores.reading import content

ROWS = 5_000
MOST_BYTES = 500e6  # the bound for 100 000 rows

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def rows():
    return large(ROWS)


@pytest.mark.parametrize("store", ["lancedb", "faiss", "sqlite_vec"])
def test_thousands_of_rows_are_sampled_within_the_memory_bound_and_left_as_they_are(tmp_path, rows, store):
    place, fields = getattr(indexes, store)(tmp_path, rows)
    before = content(place)
    more = ["--texts-file", fields.texts_file] if fields.texts_file else []
    with in_thread(lambda: embedding({"all-minilm": summed})) as (url, server):
        run = examined(place, url, *more, cwd=tmp_path)
    (target,) = run.document["targets"]
    assert (run.exit_code, target["findings"], run.document["coverage"]["crashed"]) == (0, [], 0)
    assert target["facts"]["Index"]["count"] == ROWS
    assert target["facts"]["IndexVectors"]["sampled"] == 1000
    assert target["facts"]["KnownItems"]["base"]["corpus"] == ROWS
    assert len(server.inputs) < 1_000  # texts that were embedded
    assert run.peak_bytes < MOST_BYTES
    assert content(place) == before
