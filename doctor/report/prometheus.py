"""Metrics in Prometheus' text format, for the node exporter's text files and for our own exporter.

Base units, no timestamps, bounded labels: a target's address as it was named, its runtime, model and version, the ids
of checks and causes. The time of the run is a metric of its own, so that an alert can tell a stale file.
"""

import datetime as dt
from collections.abc import Iterable

from doctor.model import Report, State, Status, TargetReport
from doctor.report import Look
from doctor.report.figures import PLACES, figures
from doctor.text import one_line

SUFFIX = {"s": "_seconds", "bytes": "_bytes", "tok/s": "_tokens_per_second", "1": ""}
PREFIX = "llm_doctor_"
Labels = dict[str, str]
Sample = tuple[Labels, float]


class Family:
    """One metric: its help and type once, then its samples."""

    def __init__(
        self, name: str, help_: str, samples: Iterable[Sample], *, kind: str = "gauge", prefix: str = PREFIX
    ) -> None:
        self.name, self.help, self.samples, self.kind = prefix + name, help_, list(samples), kind

    def text(self) -> str:
        """Empty when there is no sample."""
        if not self.samples:
            return ""
        lines = [f"# HELP {self.name} {self.help}", f"# TYPE {self.name} {self.kind}"]
        lines += [f"{self.name}{_labels(labels)} {value:.10g}" for labels, value in self.samples]
        return "\n".join(lines) + "\n"


def render(report: Report, look: Look | None = None) -> str:
    """All metrics of a report."""
    return "".join(family.text() for family in families(report))


def families(report: Report) -> list[Family]:
    """The metrics in a fixed order."""
    targets = [(target, {"target": one_line(target.url, 200)}) for target in report.targets]
    states = [
        ({**labels, "state": state.value}, float(target.state is state))
        for target, labels in targets
        for state in State
    ]
    causes = [
        ({**labels, "cause": cause.id, "severity": cause.severity.value, "verdict": cause.verdict}, 1.0)
        for target, labels in targets
        for cause in target.causes
    ]
    checks = [
        ({**labels, "check": check.id, "status": check.status.value}, 1.0)
        for target, labels in targets
        for check in target.checks
    ]
    counts = [
        ({**labels, "status": status.value}, float(sum(check.status is status for check in target.checks)))
        for target, labels in targets
        for status in Status
    ]
    found = [
        Family("info", "What runs at the target; the value is 1", [_info(*pair) for pair in targets]),
        Family("up", "1 when the target is a model server that can be asked", [(own, _up(t)) for t, own in targets]),
        Family("state", "1 for the target's state, 0 for the others", states),
        Family("cause", "Root causes found; the value is 1", causes),
        Family("check", "Outcome of each check; the value is 1", checks),
        Family("checks", "Number of checks by outcome", counts),
    ]
    measured = [(labels, {figure.name: figure for figure in figures(target)}) for target, labels in targets]
    for name in (*PLACES, "gpu_share"):
        samples = [(labels, known[name].value) for labels, known in measured if name in known]
        if samples:
            figure = next(known[name] for _, known in measured if name in known)
            found.append(Family(name + SUFFIX[figure.unit], figure.help, samples))
    found.append(Family("run_seconds", "Seconds that the examination took", [({}, report.seconds)]))
    found.append(Family("last_run_timestamp_seconds", "When the examination began", [({}, _started(report))]))
    return found


def _info(target: TargetReport, labels: Labels) -> Sample:
    told = {"runtime": target.runtime, "version": target.version, "model": target.model.rpartition("/")[2]}
    return {**labels, **{name: one_line(text, 100) for name, text in told.items()}}, 1.0


def _up(target: TargetReport) -> float:
    identity = target.facts.get("Identity")
    state = identity.get("state") if isinstance(identity, dict) else ""
    return float(bool(target.runtime) and state not in ("foreign", "broken"))


def _started(report: Report) -> float:
    try:
        return dt.datetime.fromisoformat(report.started).timestamp()
    except ValueError:
        return 0.0


def _labels(labels: Labels) -> str:
    """Backslash, quote and line feed escaped; the text itself was made harmless before."""
    if not labels:
        return ""
    escaped = {
        name: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") for name, value in labels.items()
    }
    return "{" + ",".join(f'{name}="{value}"' for name, value in escaped.items()) + "}"
