"""The speculation check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Exchange
from tests.given import run_check, symptoms


def speed(drafted: int | None, accepted: int | None) -> DecodeSpeed:
    exchange = Exchange(purpose="P13", status=200)
    return DecodeSpeed(
        exchange=exchange, tok_s=20.0, tokens=96, source="stream", draft_tokens=drafted, draft_accepted=accepted
    )


async def test_accepted_drafts_pass_and_rejected_ones_are_seen() -> None:
    assert symptoms(await run_check("speculation", [speed(100, 70)])) == []
    assert symptoms(await run_check("speculation", [speed(100, 7)])) == ["drafts-rejected"]


@pytest.mark.parametrize(("drafted", "accepted"), [(None, None), (0, 0), (100, None), (5, 0)])
async def test_without_enough_drafts_there_is_no_verdict(drafted: int | None, accepted: int | None) -> None:
    with pytest.raises(Skip):
        await run_check("speculation", [speed(drafted, accepted)])
