"""The sustained-speed check on given facts."""

import pytest

from doctor.facts import SustainedSpeed
from tests.given import run_check, symptoms


@pytest.mark.parametrize(
    ("rates", "seconds", "expected"),
    [
        ((20.0, 20.0, 20.0, 20.0), 60.0, []),
        ((20.0, 19.5, 18.0, 17.1), 60.0, []),
        ((20.0, 19.0, 18.0, 16.9), 60.0, ["speed-falls"]),
        ((20.0, 18.0, 16.0, 14.0), 29.0, []),
        ((20.0, 16.0, 18.0, 16.0), 60.0, []),
        ((20.0, 12.0, 20.0, 12.0), 60.0, ["speed-varies"]),
        ((12.0, 20.0, 12.0, 20.0), 60.0, ["speed-varies"]),
    ],
)
async def test_falls_and_spread_are_told_apart(rates: tuple, seconds: float, expected: list[str]) -> None:
    fact = SustainedSpeed(tok_s=rates, seconds=seconds, tokens=2000)
    assert symptoms(await run_check("sustained-speed", [fact])) == expected
