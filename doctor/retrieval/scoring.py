"""Recall, mean reciprocal rank and their intervals; ranks begin with 1, and 0 means that nothing was found."""

import math
from collections.abc import Sequence

Z95 = 1.959964  # two-sided 95 %
RRF_K = 60  # constant of reciprocal rank fusion: Cormack, Clarke, Buettcher 2009


def recall(ranks: Sequence[int], k: int) -> float:
    """Share of questions whose chunk is among the first k."""
    return sum(0 < rank <= k for rank in ranks) / len(ranks) if ranks else 0.0


def mrr(ranks: Sequence[int]) -> float:
    """Mean reciprocal rank."""
    return sum(1 / rank for rank in ranks if rank) / len(ranks) if ranks else 0.0


def wilson(hits: int, of: int) -> tuple[float, float]:
    """95 % interval of a share (Wilson 1927); (0, 1) without observations."""
    if not of:
        return 0.0, 1.0
    share, z2 = hits / of, Z95 * Z95
    middle = share + z2 / (2 * of)
    spread = Z95 * math.sqrt(share * (1 - share) / of + z2 / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + z2 / of)), min(1.0, (middle + spread) / (1 + z2 / of))


def recall_interval(ranks: Sequence[int], k: int) -> tuple[float, float]:
    """95 % interval of the recall."""
    return wilson(sum(0 < rank <= k for rank in ranks), len(ranks))


def mean_interval(values: Sequence[float]) -> tuple[float, float]:
    """95 % interval of a mean by the normal approximation; (0, 1) for fewer than two values."""
    n = len(values)
    if n < 2:
        return 0.0, 1.0
    mean = sum(values) / n
    half = Z95 * math.sqrt(sum((value - mean) ** 2 for value in values) / (n - 1) / n)
    return mean - half, mean + half


def mrr_interval(ranks: Sequence[int]) -> tuple[float, float]:
    """95 % interval of the mean reciprocal rank, within 0 and 1."""
    low, high = mean_interval([1 / rank if rank else 0.0 for rank in ranks])
    return max(0.0, low), min(1.0, high)


def gain_interval(before: Sequence[int], after: Sequence[int]) -> tuple[float, float]:
    """95 % interval of the mean gain in reciprocal rank, question by question."""
    pairs = zip(before, after, strict=True)
    return mean_interval([(1 / new if new else 0.0) - (1 / old if old else 0.0) for old, new in pairs])


def fused(*rankings: Sequence[str]) -> list[str]:
    """One ranking out of several by reciprocal rank fusion."""
    scores: dict[str, float] = {}
    for ranking in rankings:
        for rank, id_ in enumerate(ranking, 1):
            scores[id_] = scores.get(id_, 0.0) + 1 / (RRF_K + rank)
    return sorted(scores, key=lambda id_: -scores[id_])
