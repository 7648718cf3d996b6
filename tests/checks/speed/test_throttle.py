"""The check throttle on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, GpusAtWork, Reach, System
from doctor.model import Severity
from tests.given import run_check, symptoms

HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
PLUGGED = System(os="linux", on_battery=False)


def at_work(*reasons, clock=1800.0):
    gpu = Gpu(
        index=0, name="RTX 3090", vendor="nvidia", clock_mhz=clock, clock_max_mhz=2100, throttle=reasons, source="NVML"
    )
    return GpusAtWork(devices=(gpu,), samples=2)


@pytest.mark.parametrize("work", [at_work("thermal"), at_work("hardware-slowdown"), at_work("power-cap", clock=900.0)])
async def test_heat_and_power_that_hold_the_clock_down_are_seen(work):
    assert symptoms(await run_check("throttle", [HERE, PLUGGED, work])) == ["gpu-throttled"]


@pytest.mark.parametrize(
    "work", [at_work(), at_work("power-cap"), at_work("power-cap", clock=None), at_work(clock=300)]
)
async def test_a_card_at_its_everyday_power_limit_is_healthy(work):
    assert symptoms(await run_check("throttle", [HERE, PLUGGED, work])) == []


async def test_a_battery_is_a_note():
    verdict = await run_check("throttle", [HERE, System(os="linux", on_battery=True)])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [("on-battery", Severity.NOTE)]


async def test_a_desktop_without_a_gpu_is_skipped():
    with pytest.raises(Skip):
        await run_check("throttle", [HERE, System(os="linux")])
