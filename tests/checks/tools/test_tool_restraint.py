"""The check tool-restraint on given answers."""

import pytest

from doctor.errors import Skip
from tests.checks.tools.trials import answer, call, trial
from tests.given import run_check, symptoms

QUIET = trial("T5", content="Goodbye!")


@pytest.mark.parametrize(
    "trials", [(QUIET,), (trial("T5", call()), trial("T5b"), trial("T5c")), (trial("T1", call()), QUIET)]
)
async def test_a_single_needless_call_is_chance(trials: tuple) -> None:
    assert symptoms(await run_check("tool-restraint", [answer(*trials)])) == []


@pytest.mark.parametrize("second", [trial("T5b", call()), trial("T5b", call_as_text="<tool_call>")])
async def test_two_needless_calls_are_seen(second) -> None:
    fact = answer(trial("T5", call()), second, trial("T5c"))

    verdict = await run_check("tool-restraint", [fact])

    assert symptoms(verdict) == ["called-without-need"]
    assert "2 of 3" in verdict.findings[0].summary


@pytest.mark.parametrize(
    ("fact", "reason"),
    [
        (answer(trial("T1", call())), "no message"),
        (answer(trial("T5", call())), "budget"),
        (answer(*[trial(i, call()) for i in ("T5", "T5b", "T5c")], small_model=True), "two billion"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(fact, reason: str) -> None:
    with pytest.raises(Skip, match=reason):
        await run_check("tool-restraint", [fact])
