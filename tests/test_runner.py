"""The run itself: order, deadlines, interruption, crashes, tallies. Plug-in checks of our own, no server needed."""

import asyncio
from pathlib import Path

import pytest

from doctor.context import Target
from doctor.errors import UsageError
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.model import Depth, Report, State, Status
from doctor.runner import Run, RunPlan, run

HEAD = '''"""A check of the tests.

What: x. Why: x. How: x. Limits: x.
"""
import asyncio
from doctor.api import Context, Depth, Memory, Severity, Symptom, Verdict, reported, seen, verdict
SIGN = Symptom(id="sign-{name}", title="sign", severity=Severity.{severity})
DEPTH = Depth.{depth}
DEADLINE_S = {deadline}


async def check(context: Context) -> Verdict:
'''
PASS = "    return verdict(measured=[reported('n', 1)])\n"
FAIL = "    return verdict(seen(SIGN, 's', 'it is so', reported('n', 1)))\n"
HANG = "    await asyncio.Event().wait()\n"
CRASH = "    raise ZeroDivisionError('boom')\n"
FACT = "    return verdict(measured=[reported('RAM', (await context.fact(Memory)).total_bytes)])\n"
NOWHERE = Target(url="http://127.0.0.1:9")


def plug_in(
    folder: Path, name: str, body: str, *, depth: str = "PASSIVE", deadline: float = 5, severity: str = "WARNING"
) -> None:
    path = folder / "checks" / "memory" / f"{name}.py"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD.format(name=name, depth=depth, deadline=deadline, severity=severity) + body, encoding="utf-8")


async def carry_out(
    folder: Path, *names: str, depth: Depth = Depth.QUICK, deadline_s: float = 20, stop: asyncio.Event | None = None
) -> tuple[Report, list[Event]]:
    events: list[Event] = []
    plan = RunPlan(targets=(NOWHERE,), depth=depth, only=names, plugins=(folder,), deadline_s=deadline_s)
    report = await run(plan, events.append, stop)
    return report, events


def statuses(report: Report) -> dict[str, tuple[Status, str]]:
    return {check.id: (check.status, check.reason) for check in report.targets[0].checks}


async def test_events_tell_the_run_in_order(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", PASS)

    report, events = await carry_out(tmp_path, "a")

    assert [type(event) for event in events] == [RunBegan, TargetKnown, CheckBegan, CheckEnded, TargetEnded, RunEnded]
    assert report.state is State.OK
    assert report.coverage.passed == report.coverage.total == 1


async def test_a_crash_is_a_result_and_the_rest_goes_on(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", CRASH)
    plug_in(tmp_path, "b", PASS)

    report, _ = await carry_out(tmp_path, "a", "b")

    assert statuses(report) == {"a": (Status.CRASHED, "ZeroDivisionError: boom"), "b": (Status.PASSED, "")}


async def test_a_check_that_hangs_ends_at_its_deadline(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", HANG, deadline=0.1)
    plug_in(tmp_path, "b", PASS)

    report, _ = await carry_out(tmp_path, "a", "b")

    assert statuses(report)["a"] == (Status.SKIPPED, "no result within 0 s")
    assert statuses(report)["b"] == (Status.PASSED, "")


async def test_the_runs_deadline_leaves_a_partial_report_that_is_unknown(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", HANG, depth="QUICK")
    plug_in(tmp_path, "b", PASS, depth="QUICK")

    report, _ = await carry_out(tmp_path, "a", "b", deadline_s=0.3)

    assert statuses(report)["b"][0] is Status.SKIPPED
    assert "deadline" in statuses(report)["b"][1]
    assert report.state is State.UNKNOWN


async def test_a_stopped_run_keeps_what_it_found(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", FAIL, severity="CRITICAL")
    plug_in(tmp_path, "b", HANG, depth="QUICK")
    stop = asyncio.Event()
    events: list[Event] = []

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, CheckBegan) and event.check == "b":
            stop.set()

    report = await run(RunPlan(targets=(NOWHERE,), only=("a", "b"), plugins=(tmp_path,)), emit, stop)

    assert statuses(report)["a"][0] is Status.FAILED
    assert statuses(report)["b"] == (Status.SKIPPED, "interrupted")
    assert report.state is State.CRITICAL


async def test_a_stopped_run_without_findings_is_unknown(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", PASS)
    stop = asyncio.Event()
    stop.set()

    report, _ = await carry_out(tmp_path, "a", stop=stop)

    assert report.state is State.UNKNOWN
    assert report.targets[0].reason == "interrupted"


async def test_a_check_deeper_than_the_run_is_not_evaluated(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", PASS, depth="QUICK")

    report, _ = await carry_out(tmp_path, "a", depth=Depth.PASSIVE)

    assert statuses(report)["a"] == (Status.SKIPPED, "needs depth quick")
    assert report.state is State.UNKNOWN


async def test_facts_of_the_machine_are_saved_for_replay(tmp_path: Path) -> None:
    plug_in(tmp_path, "a", FACT)

    report, _ = await carry_out(tmp_path, "a")

    assert report.host["Memory"]["total_bytes"] > 0


async def test_an_unknown_id_names_the_nearest(tmp_path: Path) -> None:
    plug_in(tmp_path, "threads-mine", PASS)

    with pytest.raises(UsageError, match="threads-mine"):
        await carry_out(tmp_path, "threads-mien")


@pytest.mark.parametrize(
    ("depth", "only", "planned"),
    [(Depth.QUICK, (), True), (Depth.QUICK, ("a",), False), (Depth.DEEP, (), False)],
)
async def test_only_a_quick_run_of_all_checks_leaves_blocks_out(
    depth: Depth, only: tuple[str, ...], planned: bool
) -> None:
    plan = RunPlan(targets=(NOWHERE,), depth=depth, only=only, deadline_s=20)

    budget = Run(plan, print, asyncio.Event(), (), ())._budget(NOWHERE)

    assert (budget.plan is not None) is planned
