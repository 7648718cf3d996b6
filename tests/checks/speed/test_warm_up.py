"""The warm-up check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, WarmUp
from tests.given import run_check, symptoms


def took(total_s: float, load_s: float | None = None) -> Exchange:
    return Exchange(purpose="P01", status=200, content="r", total_s=total_s, load_s=load_s)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (WarmUp(first=took(0.1), second=took(0.1)), []),
        (WarmUp(first=took(0.1)), []),
        (WarmUp(first=took(9, 8.7), second=took(0.1, 0.02)), []),
        (WarmUp(first=took(75, 74), second=took(0.1, 0.02)), ["slow-load"]),
        (WarmUp(first=took(75), second=took(0.5)), ["slow-load"]),
        (WarmUp(first=took(75), second=took(70)), []),
        (WarmUp(first=took(2, 1.7), second=took(2, 1.6)), ["reloads-every-call"]),
    ],
)
async def test_loading_is_judged(fact: WarmUp, expected: list[str]) -> None:
    assert symptoms(await run_check("warm-up", [fact])) == expected


@pytest.mark.parametrize(
    ("status", "error"), [(500, "llama runner process has terminated"), (0, "the connection broke")]
)
async def test_a_model_that_does_not_answer_is_critical(status: int, error: str) -> None:
    failed = WarmUp(first=Exchange(purpose="P01", status=status, error=error))

    (finding,) = (await run_check("warm-up", [failed])).findings

    assert (finding.symptom, finding.severity) == ("model-does-not-answer", "critical")
    assert error in finding.summary


@pytest.mark.parametrize("status", [400, 422])
async def test_a_refused_plain_request_is_told_from_a_server_that_breaks(status: int) -> None:
    failed = WarmUp(first=Exchange(purpose="P01", status=status, error="Field 'repeat_last_n': Value must be"))
    (finding,) = (await run_check("warm-up", [failed])).findings
    assert (finding.symptom, finding.severity) == ("plain-request-refused", "critical")
    assert "repeat_last_n" in finding.summary


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (401, "Invalid API Key"),
        (404, "model 'm' not found"),
        (503, "Loading model"),
        (400, '"e" does not support chat'),
    ],
)
async def test_what_other_checks_explain_is_left_to_them(status: int, error: str) -> None:
    with pytest.raises(Skip):
        await run_check("warm-up", [WarmUp(first=Exchange(purpose="P01", status=status, error=error))])
