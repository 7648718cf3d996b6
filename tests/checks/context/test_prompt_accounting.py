"""The check prompt-accounting on given counts."""

import pytest

from doctor.facts import PromptAccounting
from tests.given import run_check, symptoms

SENT = {"expected": 3489.0, "at_least": 2326, "window": 4096, "exact": False}


def counted(count: int, **more: object) -> PromptAccounting:
    return PromptAccounting(**(SENT | {"counted": count, "small_counted": 249} | more))


@pytest.mark.parametrize(
    "fact",
    [
        counted(3489),
        counted(3420),
        counted(3700),  # a system text that the server adds
        counted(2048, expected=2046.0, at_least=1400),  # half the window by chance; the short prompt counts less
        counted(2500),  # short, but more tokens than words, and no exact count
        counted(60, expected=70.0, at_least=65, exact=True),  # a few tokens of the template
    ],
)
async def test_a_count_that_is_no_proof_passes_with_its_numbers(fact: PromptAccounting) -> None:
    verdict = await run_check("prompt-accounting", [fact])

    assert symptoms(verdict) == []
    assert {evidence.label: evidence.value for evidence in verdict.evidence}["words sent"] == fact.at_least


@pytest.mark.parametrize(
    ("fact", "seen"),
    [
        (counted(2050), ["prompt-truncated"]),
        (counted(3000, exact=True), ["prompt-truncated"]),
        (counted(2500, small_counted=2501), ["prompt-count-pinned"]),
        (counted(2050, small_counted=2050), ["prompt-truncated", "prompt-count-pinned"]),
        (counted(16_386, small_counted=16_386, window=32_768), ["prompt-count-pinned"]),
        (counted(32_767, small_counted=32_767, window=32_768), ["prompt-count-pinned"]),
    ],
)
async def test_a_cut_is_proven_by_words_by_an_exact_count_or_by_the_same_count(
    fact: PromptAccounting, seen: list[str]
) -> None:
    verdict = await run_check("prompt-accounting", [fact])

    assert symptoms(verdict) == seen
    assert all(finding.severity == "critical" for finding in verdict.findings)
    assert str(fact.counted) in verdict.findings[0].summary
