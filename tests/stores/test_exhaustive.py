"""One pass over all rows finds what the store's own searches find; where it would not, the store is believed."""

import numpy as np
import pytest

from doctor.stores.exhaustive import nearest, search
from tests.rag import indexes
from tests.stores.reading import reading

# Importing the stores' libraries takes seconds of processor time, many times that on a busy machine.
pytestmark = pytest.mark.timeout(240)


@pytest.mark.parametrize("metric", ["cosine", "dot", "l2"])
def test_a_pass_agrees_with_lancedb(tmp_path, rows, metric):
    lengths = np.random.default_rng(0).uniform(0.5, 2, len(rows.vectors))
    stretched = rows.with_vectors([v * s for v, s in zip(rows.vectors, lengths, strict=True)])
    some = [None if n == 7 else v for n, v in enumerate(stretched.vectors)]
    with reading(indexes.lancedb(tmp_path, rows.with_vectors(some), metric=metric)) as store:
        assert store.compares_all("docs") == metric
        own = [store.query("docs", vector, 5, {}) for vector in rows.vectors]
        found, count = nearest(store.vectors("docs"), rows.vectors, 5, metric)
        assert (found, count) == (own, 59)
        assert search(store, "docs", rows.vectors, 5) == own


def test_a_table_with_an_index_is_searched_by_its_index(tmp_path, rows):
    import lancedb

    place, fields = indexes.lancedb(tmp_path, rows)
    config = lancedb.index.IvfFlat(distance_type="cosine", num_partitions=1)
    lancedb.connect(place).open_table("docs").create_index("vector", config=config)
    with reading((place, fields)) as store:
        assert store.compares_all("docs") == ""
        assert len(search(store, "docs", rows.vectors, 5)) == 60


class Contrary:
    """A store whose own searches give something else than its vectors say."""

    def vectors(self, name):
        yield ["a", "b", "c"], np.eye(3, dtype="f4")

    def compares_all(self, name):
        return "dot"

    def query(self, name, vector, k, where):
        return ("z",) * k


def test_a_store_that_disagrees_is_believed():
    asked = [np.eye(3, dtype="f4")[n % 3] for n in range(12)]
    assert search(Contrary(), "docs", asked, 2) == [("z", "z")] * 12


def test_what_is_no_number_is_nowhere():
    rows = np.array([[np.nan, 1], [0, 0], [1, 1]], "f4")
    for metric in ("cosine", "dot"):
        found, _ = nearest([(["n", "o", "y"], rows)], [np.array([1, 1], "f4")], 1, metric)
        assert found == [("y",)]
