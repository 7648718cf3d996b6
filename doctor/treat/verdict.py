"""Did it help: the same checks before and after, and what their numbers say. A pure function of two reports."""

import enum
from collections.abc import Iterable, Mapping

import msgspec

from doctor.check import Check
from doctor.model import Cause, CheckReport, Evidence, Finding, Severity, Status, TargetReport
from doctor.playbooks import Playbook

# Whatever a remedy is for, the server must still answer, be the one it was, and make sense.
GUARDS = ("reachable", "identity", "loading", "model-present", "warm-up", "echo", "degeneration")
# Passive checks whose facts fill the blanks of remedies: the window, the template's markers, the cores.
PLANNERS = ("window", "chat-template", "threads")
LOOKED = (Status.PASSED, Status.FAILED)
NOISE = 0.1  # of a rate between two runs on a quiet machine; [judgement]


class Outcome(enum.StrEnum):
    """How a treatment ended."""

    FIXED = "fixed"
    BETTER = "better"
    UNCHANGED = "unchanged"
    WORSE = "worse"
    UNKNOWN = "unknown"  # the proof could not be evaluated afterwards


class Number(msgspec.Struct, frozen=True, kw_only=True):
    """One measured value before and after; None: not measured then."""

    label: str
    before: Evidence | None
    after: Evidence | None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome, why, and the numbers."""

    outcome: Outcome
    because: str
    numbers: tuple[Number, ...] = ()


def needed(cause: str, playbooks: Iterable[Playbook], checks: Iterable[Check]) -> tuple[str, ...]:
    """Ids of the checks that can prove a cause, of those before it, of the guards, and of what remedies rest on."""
    books = {book.id: book for book in playbooks}
    book = books[cause]
    symptoms = set(book.proof_symptoms)
    for earlier in book.after:
        symptoms |= books[earlier].proof_symptoms if earlier in books else frozenset()
    wanted = {*book.verify, *GUARDS, *PLANNERS}
    return tuple(
        check.id for check in checks if check.id in wanted or symptoms & {symptom.id for symptom in check.symptoms}
    )


def judged(before: TargetReport, after: TargetReport, book: Playbook, checks: Iterable[Check]) -> Judgement:
    """What the second report says about the cause that the first one confirmed."""
    was = confirmed(before, book.id)
    if was is None:
        msg = f"{book.id} was not confirmed before the treatment"
        raise ValueError(msg)
    raised_by = {symptom.id: check.id for check in checks for symptom in check.symptoms}
    proving = {raised_by[symptom] for symptom in was.because if symptom in raised_by}
    numbers = _numbers(before, after, proving, was)
    harm = _harm(before, after, raised_by)
    if harm:
        return Judgement(outcome=Outcome.WORSE, because=harm, numbers=numbers)
    now = confirmed(after, book.id)
    seen = {finding.symptom for finding in after.findings}
    left = [symptom for symptom in was.because if symptom in seen]
    if now is not None or left:
        return _still(was, now, left, before, after, numbers, book.measure)
    unseen = [check for check in proving if _status(after, check) not in LOOKED]
    if unseen:
        reason = next((check.reason for check in after.checks if check.id in unseen and check.reason), "it did not run")
        because = f"{' and '.join(sorted(unseen))} could not be evaluated: {reason}"
        return Judgement(outcome=Outcome.UNKNOWN, because=because, numbers=numbers)
    return Judgement(outcome=Outcome.FIXED, because="none of the signs that proved it is left", numbers=numbers)


def confirmed(report: TargetReport, cause: str) -> Cause | None:
    """The cause, where the report confirms it."""
    return next((found for found in report.causes if found.id == cause and found.verdict == "confirmed"), None)


def _still(
    was: Cause,
    now: Cause | None,
    left: list[str],
    before: TargetReport,
    after: TargetReport,
    numbers: tuple[Number, ...],
    measure: Mapping[str, str],
) -> Judgement:
    """The cause, or a part of its proof, is still there: fewer signs, milder ones or a better number are better."""
    signs = ", ".join(left or (now.because if now else ()))
    order = list(Severity).index
    worst = [max((order(f.severity) for f in _of(one, was.because)), default=0) for one in (before, after)]
    improved = [number.label for number in numbers if _improved(number, measure.get(number.label, ""))]
    outcome, because = Outcome.UNCHANGED, f"the same signs are there: {signs}"
    if len(left) < len(was.because) and (now is None or set(now.because) < set(was.because)):
        outcome, because = Outcome.BETTER, f"fewer signs are left: {signs}"
    elif worst[1] < worst[0]:
        outcome, because = Outcome.BETTER, f"the signs are milder: {signs}"
    elif improved:
        outcome, because = Outcome.BETTER, f"{' and '.join(improved)} improved; what is left: {signs}"
    return Judgement(outcome=outcome, because=because, numbers=numbers)


def _improved(number: Number, wanted: str) -> bool:
    """Whether a number moved the right way by more than chance would move it."""
    if not wanted or number.before is None or number.after is None:
        return False
    first, second = number.before.value, number.after.value
    if isinstance(first, str | bool | None) or isinstance(second, str | bool | None):
        return False
    gain = second - first if wanted == "higher" else first - second
    return gain > abs(first) * NOISE


def _of(report: TargetReport, symptoms: Iterable[str]) -> list[Finding]:
    wanted = set(symptoms)
    return [finding for finding in report.findings if finding.symptom in wanted]


def _harm(before: TargetReport, after: TargetReport, raised_by: Mapping[str, str]) -> str:
    """What is worse than before: a guard that passed and does not now, or something critical where there was none.

    What could not be looked at before is not new when it comes to light.
    """
    known = {finding.symptom for finding in before.findings}
    new = [
        finding
        for finding in after.findings
        if finding.symptom not in known and _status(before, raised_by.get(finding.symptom, "")) in LOOKED
    ]
    for guard in GUARDS:
        if _status(before, guard) is Status.PASSED and _status(after, guard) in (Status.FAILED, Status.CRASHED):
            said = next((finding.summary for finding in new if raised_by.get(finding.symptom) == guard), "")
            return f"{guard} passed before and does not now" + (f": {said}" if said else "")
    critical = [finding for finding in new if finding.severity is Severity.CRITICAL]
    return f"something critical is new: {critical[0].summary}" if critical else ""


def _status(report: TargetReport, check: str) -> Status | None:
    return next((found.status for found in report.checks if found.id == check), None)


def _numbers(before: TargetReport, after: TargetReport, proving: set[str], was: Cause) -> tuple[Number, ...]:
    """The values by which the cause was proven, and what the same checks measured afterwards."""
    first = {item.label: item for item in was.evidence}
    first = {**first, **_measured(before.checks, proving)}
    second = {item.label: item for finding in _of(after, was.because) for item in finding.evidence}
    second = {**second, **_measured(after.checks, proving)}
    return tuple(Number(label=label, before=item, after=second.get(label)) for label, item in first.items())


def _measured(checks: Iterable[CheckReport], proving: set[str]) -> dict[str, Evidence]:
    return {item.label: item for check in checks if check.id in proving for item in check.evidence}
