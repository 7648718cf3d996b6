"""The default-sampling check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import DefaultSampling, Echo, Exchange
from tests.given import run_check, symptoms

ANSWER = Exchange(purpose="P06b", status=200, content="zebra")


def facts(*similarities: float, greedy: float = 1.0, exchange: Exchange = ANSWER) -> list:
    default = DefaultSampling(exchanges=(exchange,) * len(similarities), similarities=similarities)
    return [default, Echo(expected="zebra", exchange=ANSWER, similarity=greedy)]


@pytest.mark.parametrize(
    ("similarities", "expected"),
    [
        ((1.0, 1.0, 1.0), []),
        ((0.2, 1.0, 0.95), []),
        ((0.2, 0.89, 1.0), ["defaults-spoil-answers"]),
        ((0.9, 0.9, 0.2), []),
        ((0.1, 0.1, 0.1), ["defaults-spoil-answers"]),
    ],
)
async def test_two_spoilt_copies_of_three_count(similarities: tuple, expected: list[str]) -> None:
    assert symptoms(await run_check("default-sampling", facts(*similarities))) == expected


async def test_a_line_that_is_copied_badly_anyway_says_nothing_about_settings() -> None:
    with pytest.raises(Skip, match="already"):
        await run_check("default-sampling", facts(0.1, 0.1, 0.1, greedy=0.94))


async def test_thinking_that_took_the_answers_is_not_scored() -> None:
    thought = Exchange(purpose="P06b", status=200, reasoning="hm")
    with pytest.raises(Skip, match="took the answers"):
        await run_check("default-sampling", facts(0.0, 0.0, 0.0, exchange=thought))
