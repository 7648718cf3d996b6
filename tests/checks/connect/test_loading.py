"""Judging readiness, on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Identity
from doctor.model import Severity
from tests.given import run_check, symptoms


def who(state: str, **more) -> Identity:
    return Identity(state=state, **({"runtime": "llama.cpp", "name": "llama.cpp server", "signature": "s"} | more))


async def test_a_ready_server_passes():
    assert symptoms(await run_check("loading", [who("ready")])) == []


@pytest.mark.parametrize(
    ("state", "symptom", "severity"),
    [
        ("loading", "server-loading", Severity.WARNING),
        ("busy", "server-overloaded", Severity.WARNING),
        ("broken", "server-fails", Severity.CRITICAL),
    ],
)
async def test_a_server_that_is_not_ready_is_seen(state, symptom, severity):
    verdict = await run_check("loading", [who(state, answer="words")])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [(symptom, severity)]


async def test_a_server_that_turns_everything_away_is_seen_even_when_unknown():
    verdict = await run_check("loading", [who("busy", runtime="", name="", signature="", answer="server busy")])
    assert symptoms(verdict) == ["server-overloaded"]
    assert "server busy" in verdict.findings[0].summary


@pytest.mark.parametrize("state", ["foreign", "locked"])
async def test_other_states_are_not_judged(state):
    with pytest.raises(Skip):
        await run_check("loading", [who(state)])
