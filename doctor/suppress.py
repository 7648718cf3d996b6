"""What is known and accepted: a suppressed symptom or cause becomes a note until its day has come."""

import datetime as dt
from collections.abc import Sequence

import msgspec

from doctor.config import Suppression
from doctor.model import Report, Severity, State, Status, Suppressed, TargetReport

ORDER = [State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK]


def apply(report: Report, rules: Sequence[Suppression], today: dt.date) -> Report:
    """The report with what the rules accept made notes, and states as they are without it."""
    live = [rule for rule in rules if rule.until >= today]
    if not live:
        return report
    targets = tuple(_target(target, live) for target in report.targets)
    state = min((target.state for target in targets), key=ORDER.index, default=report.state)
    return msgspec.structs.replace(report, targets=targets, state=state)


def expired(rules: Sequence[Suppression], today: dt.date) -> list[str]:
    """A sentence for each rule whose day is over."""
    return [
        f"the suppression of {rule.id} ended on {rule.until}: {rule.reason}" for rule in rules if rule.until < today
    ]


def _target(target: TargetReport, rules: Sequence[Suppression]) -> TargetReport:
    here = {rule.id: rule for rule in rules if rule.target in ("", target.url, target.model)}
    used: dict[str, Suppression] = {}
    causes = []
    for cause in target.causes:
        if cause.id in here and cause.severity is not Severity.NOTE:
            used[cause.id] = here[cause.id]
            causes.append(msgspec.structs.replace(cause, severity=Severity.NOTE))
        else:
            causes.append(cause)
    findings = []
    for finding in target.findings:
        id_ = finding.symptom if finding.symptom in here else finding.explained_by or ""
        if id_ in here and finding.severity is not Severity.NOTE:
            used[id_] = here[id_]
            findings.append(msgspec.structs.replace(finding, severity=Severity.NOTE))
        else:
            findings.append(finding)
    if not used:
        return target
    notes = tuple(Suppressed(id=rule.id, reason=rule.reason, until=rule.until.isoformat()) for rule in used.values())
    quiet = msgspec.structs.replace(target, causes=tuple(causes), findings=tuple(findings), suppressed=notes)
    return msgspec.structs.replace(quiet, state=_state(quiet))


def _state(target: TargetReport) -> State:
    """The worst cause, or finding that no cause explains; what was unknown for other reasons stays unknown."""
    left = [cause.severity for cause in target.causes] + [f.severity for f in target.findings if not f.explained_by]
    if Severity.CRITICAL in left:
        return State.CRITICAL
    if target.state is State.UNKNOWN:
        return State.UNKNOWN
    if Severity.WARNING in left:
        return State.WARNING
    looked = any(check.status in (Status.PASSED, Status.FAILED) for check in target.checks)
    return State.OK if looked else State.UNKNOWN
