"""The prompt-cache check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import CacheReuse, DecodeSpeed, Exchange
from tests.given import run_check, symptoms


def cache(cold_s: float, warm_s: float, cached: int | None = None) -> CacheReuse:
    cold = Exchange(purpose="P14", status=200, first_token_s=cold_s, prompt_tokens=1000)
    warm = Exchange(purpose="P15", status=200, first_token_s=warm_s, prompt_tokens=1010, cached_tokens=cached)
    return CacheReuse(cold=cold, warm=warm, reuse=None if cached is None else cached / 1010)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (cache(0.2, 0.02, 990), []),
        (cache(4.0, 3.9, 0), ["prompt-reprocessed"]),
        (cache(4.0, 0.4, 0), []),  # counts nothing, but is fast
        (cache(4.0, 3.9, 900), []),
        (cache(4.0, 3.9), ["prompt-reprocessed"]),
        (cache(4.0, 0.4), []),
    ],
)
async def test_reuse_is_judged(fact: CacheReuse, expected: list[str]) -> None:
    assert symptoms(await run_check("prompt-cache", [fact])) == expected


async def test_short_times_without_counts_are_not_judged() -> None:
    with pytest.raises(Skip, match="too short"):
        await run_check("prompt-cache", [cache(0.3, 0.29)])


async def test_the_time_of_writing_one_token_is_not_reading_time() -> None:
    """A slow decoder makes both waits long and alike although the second prompt was reused."""
    answer = Exchange(purpose="P13", status=200)
    slow = DecodeSpeed(exchange=answer, tok_s=1.0, tokens=8, source="stream")

    assert symptoms(await run_check("prompt-cache", [cache(3.0, 1.9)])) == ["prompt-reprocessed"]
    assert symptoms(await run_check("prompt-cache", [cache(3.0, 1.9), slow])) == []
