"""The check decode-rate on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import DecodeBound, DecodeSpeed, Exchange, Models, Slots
from doctor.model import Severity
from tests.given import run_check, symptoms

HERE = Models(names=("m",), chosen="m")


def speed(tok_s, draft=None):
    exchange = Exchange(purpose="decode speed", status=200)
    return DecodeSpeed(exchange=exchange, tok_s=tok_s, tokens=96, source="server timings", draft_tokens=draft)


def bound(best=100.0, slow=60.0, share=1.0, placed=None, advise_only=False):
    placed = best if placed is None else placed
    return DecodeBound(
        best_tok_s=best,
        best_slow_below_tok_s=slow,
        placed_tok_s=placed,
        placed_slow_below_tok_s=placed * 0.6,
        placed_very_slow_below_tok_s=placed * 0.36,
        gpu_share=share,
        advise_only=advise_only,
        why_advise_only="it is too small" if advise_only else "",
        device="RTX 3090 (936 GB/s)",
    )


async def test_a_rate_within_the_bound_is_healthy():
    verdict = await run_check("decode-rate", [HERE, speed(80), bound()])
    assert symptoms(verdict) == []
    assert [e.label for e in verdict.evidence] == ["decode rate", "possible here", "slow below"]


async def test_a_rate_below_the_bound_is_seen_with_its_share():
    verdict = await run_check("decode-rate", [HERE, speed(20), bound()])
    assert symptoms(verdict) == ["decode-below-bound"]
    assert "20 % of the 100 possible" in verdict.findings[0].summary
    assert "does not explain it" in verdict.findings[0].summary


async def test_a_placement_that_explains_the_rate_is_said():
    verdict = await run_check("decode-rate", [HERE, speed(20), bound(share=0.6, placed=25.0)])
    assert symptoms(verdict) == ["decode-below-bound"]
    assert "with 60 % of the model on the GPU, its placement alone explains it" in verdict.findings[0].summary


@pytest.mark.parametrize("facts", [(speed(1), bound(advise_only=True)), (speed(20, draft=40), bound())])
async def test_small_models_and_draft_models_are_never_a_fault(facts):
    assert symptoms(await run_check("decode-rate", [HERE, *facts])) == []


async def test_without_a_bound_only_an_unbearable_rate_is_reported():
    assert symptoms(await run_check("decode-rate", [HERE, speed(12)])) == []
    verdict = await run_check("decode-rate", [HERE, speed(1.2)])
    assert symptoms(verdict) == ["decode-below-bound"]
    assert "cannot be computed" in verdict.findings[0].summary


async def test_a_slow_machine_at_its_limit_is_a_note():
    verdict = await run_check("decode-rate", [HERE, speed(1.5), bound(best=2.0, slow=0.7, share=0.0)])
    assert [finding.severity for finding in verdict.findings] == [Severity.NOTE]


async def test_a_rate_that_others_shared_is_not_judged():
    with pytest.raises(Skip, match="other requests"):
        await run_check("decode-rate", [HERE, speed(5), bound(), Slots(total=4, busy=2)])


async def test_a_model_in_the_cloud_is_not_judged():
    with pytest.raises(Skip, match="somebody else's machine"):
        await run_check("decode-rate", [Models(names=("m",), chosen="m", remote=True), speed(1), bound()])
