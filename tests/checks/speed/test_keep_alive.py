"""The check keep-alive on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, LoadedModel, LoadedModels, Models, ServerProcess, WarmUp
from doctor.model import Severity
from tests.given import run_check, symptoms

MODELS = Models(names=("m",), chosen="m")


def warm(load_s, first_s=1.0, second_s=0.5, status=200):
    first = Exchange(purpose="P01", status=status, load_s=load_s, total_s=first_s)
    return WarmUp(first=first, second=Exchange(purpose="P01", status=200, total_s=second_s))


def loaded(expires_s):
    return LoadedModels(models=(LoadedModel(name="m", expires_s=expires_s),), source="GET /api/ps")


async def test_a_slow_load_that_every_break_costs_is_a_note():
    found = await run_check("keep-alive", [MODELS, warm(12.4), loaded(298)])
    assert symptoms(found) == ["unloads-when-idle"]
    assert found.findings[0].severity is Severity.NOTE
    assert "loading took 12 s, and the model is unloaded 5 minutes after" in found.findings[0].summary


async def test_a_sleep_timer_of_llama_server_counts_as_well():
    server = ServerProcess(pid=1, name="llama-server", command=("llama-server", "--sleep-idle-seconds", "120"))
    assert symptoms(await run_check("keep-alive", [MODELS, warm(None, 9.0, 0.4), server])) == ["unloads-when-idle"]


@pytest.mark.parametrize(("load_s", "expires_s"), [(4.9, 298), (12.0, 3600), (12.0, 901)])
async def test_a_quick_load_or_a_long_stay_is_healthy(load_s, expires_s):
    assert symptoms(await run_check("keep-alive", [MODELS, warm(load_s), loaded(expires_s)])) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([warm(12.0), loaded(None)], "does not say when it unloads"),
        ([warm(12.0)], "does not say when it unloads"),
        (
            [warm(12.0), ServerProcess(pid=1, name="x", command=("x", "--sleep-idle-seconds", "-1"))],
            "does not say when it unloads",
        ),
        ([WarmUp(first=Exchange(purpose="P01", status=200)), loaded(298)], "no model was loaded"),
        ([warm(None, status=500), loaded(298)], "does not answer"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(facts, reason):
    with pytest.raises(Skip, match=reason):
        await run_check("keep-alive", [MODELS, *facts])
