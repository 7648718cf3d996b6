"""The state that the events of a run add up to, on stored events."""

from doctor.events import CheckBegan, CheckEnded, RunBegan, TargetEnded
from doctor.model import Depth, State, Status
from doctor.tui.progress import Progress
from tests.tui import stories


def heard(events, clock=lambda: 0.0):
    progress = Progress(Depth.QUICK, clock)
    for event in events:
        progress.hear(event)
    return progress


def test_a_check_goes_from_waiting_to_running_to_its_result():
    began = next(i for i, e in enumerate(stories.sick()) if isinstance(e, CheckBegan) and e.check == "swap")
    before, during, after = (heard(stories.sick()[: began + n]) for n in (0, 1, 2))
    target = next(iter(before.targets.values()))
    assert "swap" in target.waiting
    assert during.asking == ["swap"]
    assert next(iter(after.targets.values())).results["swap"].status is Status.PASSED


def test_a_cause_is_known_as_soon_as_the_check_that_proves_it_has_ended():
    events = stories.sick()
    proof = next(i for i, e in enumerate(events) if isinstance(e, CheckEnded) and e.result.id == "prompt-accounting")
    target = next(iter(heard(events[: proof + 1]).targets.values()))
    assert [cause.id for cause in target.diagnosis.causes if cause.verdict == "confirmed"] == [
        "context-too-small",
        "gpu-memory-too-small",
    ]
    assert target.state is State.CRITICAL


def test_total_counts_every_check_once_at_any_moment():
    events = stories.sick()
    totals = {heard(events[:n]).total for n in range(1, len(events) + 1)}
    assert totals == {len(stories.CHECKS)}


def test_the_finished_report_replaces_what_was_heard_before():
    progress = heard(stories.sick())
    target = next(iter(progress.targets.values()))
    report = next(e.report for e in stories.sick() if isinstance(e, TargetEnded))
    assert target.ended
    assert tuple(target.results.values()) == report.checks
    assert target.diagnosis.causes == report.causes
    assert progress.seconds == 14.2


def test_seconds_follow_the_clock_while_the_run_is_under_way():
    times = iter([10.0, *[12.0] * 50, 17.5])
    progress = Progress(Depth.QUICK, lambda: next(times))
    progress.hear(RunBegan(targets=(), checks=()))
    assert progress.seconds == 2.0


def test_an_event_about_a_target_that_was_never_announced_is_kept():
    progress = heard([CheckBegan(url="http://127.0.0.1:9", check="swap")])
    assert progress.asking == ["swap"]
    assert progress.total == 1


def test_a_run_without_servers_has_nothing_to_count():
    progress = heard(stories.nothing())
    assert progress.over
    assert progress.total == 0
    assert progress.targets == {}
