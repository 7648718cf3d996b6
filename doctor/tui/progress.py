"""What the events of a run say so far: the one state that every part of the face draws."""

from collections.abc import Callable, Mapping
from typing import Any

from doctor.context import Target
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.model import CheckReport, Depth, Diagnosis, Report, Result, State, Status, TargetReport


class TargetProgress:
    """One server: who it is, which checks run, what they found and what that means."""

    def __init__(self, target: Target, checks: tuple[str, ...]) -> None:
        self.target = target
        self.url = target.url
        self.origin = target.origin
        self.again = target.again or ("llm-doctor", "check", "--target", target.url)
        self.runtime = ""
        self.version = ""
        self.model = target.model
        self.reason = ""
        self.waiting = list(checks)
        self.running: dict[str, float] = {}  # check id -> when it began, in seconds of the run's clock
        self.results: dict[str, Result | CheckReport] = {}
        self.heard: dict[str, Result] = {}  # the same with their findings, which a report keeps elsewhere
        self.facts: Mapping[str, Any] = {}  # what the finished report holds, for pictures
        self.diagnosis = Diagnosis()
        self.index = target.index
        self.ended = False

    @property
    def state(self) -> State:
        """The headline so far; `unknown` until something was measured."""
        return self.diagnosis.state

    def with_status(self, *statuses: Status) -> list[Result | CheckReport]:
        """The results of these kinds, in the order in which they came."""
        return [result for result in self.results.values() if result.status in statuses]

    def close(self, report: TargetReport) -> None:
        """Take over what the finished report says; its order is the order of elimination."""
        self.runtime, self.version, self.model = report.runtime, report.version, report.model
        self.reason = report.reason
        self.waiting, self.running, self.ended = [], {}, True
        self.results = {check.id: check for check in report.checks}
        self.facts = report.facts
        self.diagnosis = Diagnosis(
            causes=report.causes, findings=report.findings, ruled_out=report.ruled_out, state=report.state
        )


class Progress:
    """A whole run. `clock` gives seconds; it is read for what is still under way only."""

    def __init__(self, depth: Depth, clock: Callable[[], float]) -> None:
        self.depth = depth
        self.clock = clock
        self.began_s = clock()
        self.targets: dict[str, TargetProgress] = {}
        self.report: Report | None = None
        self.trouble = ""
        self.searched = False

    @property
    def over(self) -> bool:
        """Whether nothing more will come."""
        return self.report is not None or bool(self.trouble)

    @property
    def seconds(self) -> float:
        """How long the run has taken."""
        return self.report.seconds if self.report else self.clock() - self.began_s

    @property
    def done(self) -> int:
        """Checks that came to a result, over all targets."""
        return sum(len(target.results) for target in self.targets.values())

    @property
    def total(self) -> int:
        """Checks that this run consists of, over all targets."""
        return sum(len(t.results) + len(t.running) + len(t.waiting) for t in self.targets.values())

    @property
    def asking(self) -> list[str]:
        """Ids of the checks under way."""
        return [check for target in self.targets.values() for check in target.running]

    def hear(self, event: Event) -> None:
        """Go on by one event. Events about a target that was never announced are kept as well."""
        match event:
            case RunBegan():
                self.searched = True
                self.targets = {target.url: TargetProgress(target, event.checks) for target in event.targets}
            case TargetKnown():
                target = self._target(event.url)
                target.runtime, target.version = event.runtime, event.version
                target.model = event.model or target.model
            case CheckBegan():
                target = self._target(event.url)
                target.running[event.check] = self.clock()
                if event.check in target.waiting:
                    target.waiting.remove(event.check)
            case CheckEnded():
                self._ended(self._target(event.url), event)
            case TargetEnded():
                self._target(event.report.url).close(event.report)
            case RunEnded():
                self.searched = True
                self.adopt(event.report)

    def adopt(self, report: Report) -> None:
        """Take over what is known now: the run's report, or a later one that live mode made of it."""
        self.report = report
        for target in report.targets:
            self._target(target.url).close(target)

    def _ended(self, target: TargetProgress, event: CheckEnded) -> None:
        target.running.pop(event.result.id, None)
        if event.result.id in target.waiting:
            target.waiting.remove(event.result.id)
        target.results[event.result.id] = target.heard[event.result.id] = event.result
        target.diagnosis = event.diagnosis

    def _target(self, url: str) -> TargetProgress:
        return self.targets.setdefault(url, TargetProgress(Target(url=url), ()))
