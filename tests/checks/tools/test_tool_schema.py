"""The check tool-schema on given calls."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import answer, call, trial
from tests.given import run_check, symptoms

BROKEN = trial("T2", call(), schema_errors=("city is missing", "unit is 'k', not one of c, f"))


async def test_arguments_that_fit_pass() -> None:
    verdict = await run_check("tool-schema", [answer(trial("T1", call()), trial("T2", call()))])

    assert symptoms(verdict) == []
    assert verdict.evidence[0].value == "2 of 2"


async def test_arguments_that_break_the_schema_are_seen() -> None:
    verdict = await run_check("tool-schema", [answer(trial("T1", call()), BROKEN)])

    assert symptoms(verdict) == ["tool-arguments-off-schema"]
    assert "city is missing" in verdict.findings[0].summary
    assert verdict.findings[0].evidence[1].value == "1 of 2"


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answer(BROKEN, small_model=True), "two billion"),
        (answer(trial("T1")), "no tool on offer"),
        (answer(trial("T1", call("nope"))), "no tool on offer"),
        (answer(trial("T1", call(arguments="{"))), "no tool on offer"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-schema", [fact])
