"""A diagnosis that goes on: a table of an Ollama wire that changes, given looks, and the real engine taken away."""

import asyncio

import msgspec
import pytest

from doctor.context import Target
from doctor.events import CheckEnded
from doctor.facts import GpusAtWork, Swapping
from doctor.known import Known, Listener, Pace, newly_confirmed
from doctor.live import Live, examined_again, observed
from doctor.model import Category, Depth, Result, Status
from doctor.plugins import bundled_checks, bundled_playbooks
from doctor.runner import RunPlan, run
from tests.answering import Wire, listening
from tests.tui import machine

SHELF = (bundled_checks(), bundled_playbooks())
FAST = Pace(look_s=0.05, examine_s=60.0, soon_s=0.2)
PROBED = Result(id="decode-rate", category=Category.SPEED, status=Status.PASSED, seconds=1.0)
OLLAMA = {
    "/": b"Ollama is running",
    "/api/version": {"version": "0.32.15"},
    "/api/tags": {"models": [{"name": "m:latest", "model": "m:latest", "size": 4 << 30, "details": {}}]},
    "/v1/models": {"object": "list", "data": [{"id": "m:latest", "object": "model"}]},
    "/api/show": {"details": {}, "model_info": {}, "capabilities": ["completion"], "template": "{{ .Prompt }}"},
}


def loaded(share):
    size = 4 << 30
    return {"models": [{"name": "m:latest", "model": "m:latest", "size": size, "size_vram": int(size * share)}]}


def plan(url):
    return RunPlan(targets=(Target(url=url),), depth=Depth.PASSIVE)


async def first_run(url):
    heard = {}

    def hear(event):
        if isinstance(event, CheckEnded):
            heard[event.result.id] = event.result

    report = await run(plan(url), hear)
    return Known(report=report, results={url: {**heard, PROBED.id: PROBED}})


async def test_a_spill_that_happens_later_becomes_a_cause_and_what_was_probed_stays():
    wire = Wire({**OLLAMA, "/api/ps": loaded(1.0)})
    async with listening(wire) as url:
        before = await first_run(url)
        assert before.report.targets[0].runtime == "ollama"
        wire.table["/api/ps"] = loaded(0.5)
        now = await examined_again(plan(url), SHELF, before, ())
    assert now.results[url][PROBED.id] == PROBED
    found = {finding.symptom for finding in now.report.targets[0].findings}
    assert found - {finding.symptom for finding in before.report.targets[0].findings}
    offload = now.results[url]["offload"]
    assert before.results[url]["offload"].status is not offload.status


async def test_what_is_seen_again_replaces_what_was_seen():
    wire = Wire({**OLLAMA, "/api/ps": loaded(0.5)})
    async with listening(wire) as url:
        before = await first_run(url)
        wire.table["/api/ps"] = loaded(1.0)
        now = await examined_again(plan(url), SHELF, before, ())
        assert now.results[url]["offload"].status is not before.results[url]["offload"].status
        posted = [path for path in wire.asked if path in ("/api/chat", "/api/generate", "/v1/chat/completions")]
    assert posted == []  # nothing was asked of the model


async def test_a_clock_that_is_held_down_under_load_is_judged_by_the_same_check():
    wire = Wire({**OLLAMA, "/api/ps": loaded(1.0)})
    async with listening(wire) as url:
        before = await first_run(url)
        calm = await examined_again(plan(url), SHELF, before, machine.looks(url))
        hot = await examined_again(plan(url), SHELF, before, machine.looks(url, throttled=True))
    assert calm.results[url]["throttle"].status is Status.PASSED
    assert hot.results[url]["throttle"].status is Status.FAILED
    assert newly_confirmed(calm.report, hot.report)
    assert newly_confirmed(hot.report, hot.report) == []


def test_looks_at_an_idle_machine_say_nothing_about_work():
    idle = [msgspec.structs.replace(look, machine=machine.machine(look.machine.at_s, 0.1)) for look in machine.looks()]
    assert GpusAtWork not in observed(idle)
    assert GpusAtWork in observed(machine.looks())
    assert observed(machine.looks()[:1]).keys() == set()
    assert observed(idle)[Swapping].in_bytes_s == 0.0


async def followed(live, until, deadline_s=20.0):
    """Let it carry on until this is so."""
    going = asyncio.ensure_future(live.carry_on())
    try:
        async with asyncio.timeout(deadline_s):
            while not until():
                await asyncio.wait({going}, timeout=0.05)
                assert not going.done()
    finally:
        going.cancel()


async def test_a_server_that_stops_is_told_and_becomes_a_cause_by_itself():
    told, known, looks = [], [], []
    async with listening(Wire({**OLLAMA, "/api/ps": loaded(1.0)})) as url:
        before = await first_run(url)
        live = Live(plan(url), Listener(looks.append, told.append, known.append), FAST)
        live.found(plan(url).targets)
        live.identified(url, "ollama")
        live.adopt(before)
        await followed(live, lambda: looks and looks[-1].servers[url].answers)
    await followed(live, lambda: known)
    assert any("stopped answering" in sentence for sentence in told)
    causes = [cause.id for cause in known[-1].report.targets[0].causes if cause.verdict == "confirmed"]
    assert "conn-server-down" in causes
    assert newly_confirmed(before.report, known[-1].report)


async def test_while_a_run_is_under_way_nothing_is_examined_and_other_servers_are_left_alone():
    wire = Wire({**OLLAMA, "/api/ps": loaded(1.0)})
    looks = []
    async with listening(wire) as url:
        live = Live(plan(url), Listener(looks.append, lambda _: None, pytest.fail), FAST)
        live.found(plan(url).targets)
        live.identified(url, "koboldcpp")
        live.busy = True
        await followed(live, lambda: len(looks) > 3)
    assert wire.asked == []
    assert all(look.servers == {} for look in looks)
