"""Judging the two trials, on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ProxyTrial
from tests.given import run_check, symptoms


def trial(**more) -> ProxyTrial:
    return ProxyTrial(
        **({"variable": "HTTP_PROXY", "proxy": "http://p:1", "direct_ok": True, "through_ok": True} | more)
    )


async def test_no_variable_passes():
    verdict = await run_check("proxy-variables", [trial(variable="", proxy="", through_ok=None)])
    assert symptoms(verdict) == []


async def test_a_proxy_that_works_passes():
    assert symptoms(await run_check("proxy-variables", [trial()])) == []


async def test_a_proxy_that_fails_is_seen():
    verdict = await run_check("proxy-variables", [trial(through_ok=False, status=502, detail="200 directly, 502")])
    assert symptoms(verdict) == ["proxy-captures-local"]
    assert "HTTP_PROXY" in verdict.findings[0].summary


@pytest.mark.parametrize("more", [{"direct_ok": False, "through_ok": None}, {"through_ok": None}])
async def test_without_both_trials_nothing_is_judged(more):
    with pytest.raises(Skip):
        await run_check("proxy-variables", [trial(**more)])
