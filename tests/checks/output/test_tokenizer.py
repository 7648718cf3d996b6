"""The tokenizer check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import TokenTrips, Trip
from tests.given import run_check, symptoms

WHOLE = Trip(text="Café", tokens=3, back=" Café ")


def trips(*found: Trip, **fields: object) -> TokenTrips:
    return TokenTrips(trips=found or (WHOLE,), **{"digit_tokens": 10, "source": "POST /tokenize", **fields})


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (trips(), []),
        (trips(WHOLE, Trip(text="日本", tokens=1, back="")), ["tokenizer-loses-text"]),
        (trips(digits_expected=10), []),
        (trips(digits_expected=4, digit_tokens=4), []),
        (trips(digits_expected=4, digit_tokens=8), []),
        (trips(digits_expected=4, digit_tokens=9, pre_tokenizer="llama-bpe"), ["digits-cut-otherwise"]),
        (trips(digits_expected=10, digit_tokens=4), []),
        (trips(digits_expected=None, digit_tokens=10), []),
    ],
)
async def test_lost_text_and_foreign_cuts_are_found(fact: TokenTrips, expected: list[str]) -> None:
    assert symptoms(await run_check("tokenizer", [fact])) == expected


@pytest.mark.parametrize("kind", ["bert", "t5"])
async def test_vocabularies_that_fold_text_are_not_judged(kind: str) -> None:
    with pytest.raises(Skip, match="by design"):
        await run_check("tokenizer", [trips(Trip(text="Café", tokens=1, back="cafe"), vocabulary=kind)])
