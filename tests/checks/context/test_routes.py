"""The routes check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, PromptAccounting, Routes, RouteTrial
from doctor.model import Severity
from tests.given import run_check, symptoms

SENT = 2400.0


def trial(
    counted: int | None, route: str = "POST /api/chat", asked: int | None = None, status: int = 200
) -> RouteTrial:
    error = "" if status == 200 else "too long"
    exchange = Exchange(purpose="route", status=status, error=error, prompt_tokens=counted, route=route)
    return RouteTrial(route=route, exchange=exchange, sent_tokens=SENT, at_least=1600, asked_window=asked)


def openai(counted: int, expected: float = 3400.0) -> PromptAccounting:
    return PromptAccounting(expected=expected, counted=counted, at_least=2200, exact=False)


@pytest.mark.parametrize(
    ("native", "other", "expected"),
    [
        (2400, openai(3400), []),
        (2160, openai(3400), []),
        (2050, openai(3400), ["route-cuts-prompt"]),
        (2400, openai(2050), ["route-cuts-prompt"]),
        (2050, openai(2050), []),
        (0, openai(3400), []),
        (2050, None, []),
    ],
)
async def test_a_cut_on_one_route_only_is_found(native: int, other: PromptAccounting | None, expected: list) -> None:
    facts = [Routes(trials=(trial(native),), window=4096), *([other] if other else [])]
    assert symptoms(await run_check("routes", facts)) == expected


async def test_the_finding_names_the_route_that_cuts() -> None:
    (found,) = (await run_check("routes", [Routes(trials=(trial(2050),), window=4096), openai(3400)])).findings
    assert found.summary.startswith("POST /api/chat reads only a part")
    (found,) = (await run_check("routes", [Routes(trials=(trial(2400),), window=4096), openai(2050)])).findings
    assert found.summary.startswith("POST /v1/chat/completions reads only a part")


def asked(native: RouteTrial, v1: RouteTrial) -> Routes:
    return Routes(trials=(trial(2400), native, v1), window=2048)


V1 = "POST /v1/chat/completions"


@pytest.mark.parametrize(
    ("routes", "expected"),
    [
        (asked(trial(2400, asked=4096), trial(2400, V1, 4096)), []),
        (asked(trial(2400, asked=4096), trial(1026, V1, 4096)), ["v1-ignores-window"]),
        (asked(trial(2400, asked=4096), trial(None, V1, 4096, 400)), ["v1-ignores-window"]),
        (asked(trial(1026, asked=4096), trial(1026, V1, 4096)), []),
        (asked(trial(None, asked=4096, status=500), trial(1026, V1, 4096)), []),
    ],
)
async def test_a_window_that_only_one_route_heeds_is_found(routes: Routes, expected: list[str]) -> None:
    assert symptoms(await run_check("routes", [routes])) == expected


@pytest.mark.parametrize(
    ("v1", "severity"),
    [(trial(1026, V1, 4096), Severity.WARNING), (trial(None, V1, 4096, 400), Severity.NOTE)],
)
async def test_a_refusal_is_honest_and_a_cut_is_not(v1: RouteTrial, severity: Severity) -> None:
    (found,) = (await run_check("routes", [asked(trial(2400, asked=4096), v1)])).findings
    assert found.severity is severity


async def test_a_refused_text_is_not_judged() -> None:
    with pytest.raises(Skip, match="refused the text"):
        await run_check("routes", [Routes(trials=(trial(None, status=400),), window=4096)])
