"""The speed model against measurements that people published, `tests/data/speed_rows.csv`, each with its source."""

import statistics
from collections import defaultdict

import pytest

from tests.sizing.figures import measured, measured_rows

SICK = ("degraded", "partial_offload")


@pytest.fixture(scope="module")
def found():
    return list(measured())


def test_every_row_has_a_source_and_a_known_label():
    for row in measured_rows():
        assert len(row["source"]) > 10, row
        assert row["label"] in ("healthy", "host_limited", *SICK), row
        assert float(row["tok_s"]) > 0, row


def test_there_are_many_set_ups_of_every_maker(found):
    assert len(found) > 500
    assert len({row.hardware for row in found}) > 75
    assert {row.kind for row in found} >= {"cuda", "cuda_hbm", "cuda_old", "cuda_jetson", "metal", "metal_m1"}
    assert {row.kind for row in found} >= {"rocm", "vulkan", "intel", "cpu"}


def test_the_median_error_is_under_ten_per_cent_and_under_twenty_in_every_class(found):
    healthy = [row for row in found if row.label == "healthy"]
    assert statistics.median(row.error for row in healthy) < 0.08
    by_class = defaultdict(list)
    for row in healthy:
        by_class[row.kind].append(row.error)
    assert {kind: round(statistics.median(errors), 2) for kind, errors in by_class.items() if len(errors) > 3} == {
        kind: pytest.approx(0.1, abs=0.1) for kind, errors in by_class.items() if len(errors) > 3
    }


def test_no_class_is_predicted_too_fast_or_too_slow_as_a_whole(found):
    by_class = defaultdict(list)
    for row in found:
        if row.label == "healthy":
            by_class[row.kind].append(row.tok_s / row.predicted_tok_s)
    for kind, ratios in by_class.items():
        if len(ratios) > 3:
            assert 0.85 < statistics.median(ratios) < 1.18, kind


def test_hardly_a_healthy_machine_is_called_slow_and_every_sick_one_is(found):
    healthy = [row for row in found if row.label == "healthy"]
    assert sum(row.tok_s < row.slow_below_tok_s for row in healthy) <= 0.03 * len(healthy)
    sick = [row for row in found if row.label in SICK]
    assert len(sick) > 20
    assert [row.hardware for row in sick if row.tok_s >= row.slow_below_tok_s] == []
