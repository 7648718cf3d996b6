"""Recall, reciprocal rank and intervals, against values worked out by hand or from the literature."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doctor.retrieval.scoring import (
    fused,
    gain_interval,
    mean_interval,
    mrr,
    mrr_interval,
    recall,
    recall_interval,
    wilson,
)

RANKS = st.lists(st.integers(0, 50), min_size=1, max_size=40)


def test_recall_and_mrr_by_hand():
    ranks = [1, 2, 0, 5]
    assert recall(ranks, 1) == 0.25
    assert recall(ranks, 2) == 0.5
    assert recall(ranks, 5) == 0.75
    assert mrr(ranks) == pytest.approx((1 + 0.5 + 0.2) / 4)
    assert (recall([], 3), mrr([])) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("hits", "of", "low", "high"),
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (81, 263, 0.2553, 0.3662), (0, 0, 0, 1)],
)
def test_wilsons_interval_has_its_published_values(hits, of, low, high):
    """81 of 263: Newcombe 1998, table I."""
    assert wilson(hits, of) == pytest.approx((low, high), abs=5e-4)


@given(RANKS, st.integers(1, 50))
def test_intervals_hold_the_value(ranks, k):
    low, high = recall_interval(ranks, k)
    assert 0 <= low <= recall(ranks, k) + 1e-9
    assert recall(ranks, k) - 1e-9 <= high <= 1
    assert mrr_interval(ranks)[0] <= mrr(ranks) + 1e-9


def test_a_gain_is_judged_question_by_question():
    low, high = gain_interval([2, 2, 2, 2], [1, 1, 1, 1])
    assert (low, high) == pytest.approx((0.5, 0.5))
    low, high = gain_interval([1, 2, 1, 2], [2, 1, 2, 1])
    assert low < 0 < high
    assert mean_interval([0.3]) == (0.0, 1.0)


def test_fusion_prefers_what_both_rankings_have():
    assert fused(["a", "b", "c"], ["b", "d"])[0] == "b"
    assert set(fused(["a"], ["b"])) == {"a", "b"}
