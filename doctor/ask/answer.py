"""What came of the asking: what `llm-doctor ask --format json` prints, and what the page of text is made of."""

from collections.abc import Iterable, Sequence
from typing import Literal

import msgspec

from doctor.ask.candidates import Candidate
from doctor.ask.questions import Question
from doctor.check import Check
from doctor.model import Finding, Report, State, Status, TargetReport, Tool

SCHEMA_VERSION = "1.0"
Verdict = Literal["confirmed", "suspected", "ruled out", "not evaluated", "not asked", "no check can prove it"]


class Likely(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate and what became of it."""

    id: str
    title: str
    score: float  # how close the words come, 0 to about 1: an order, no probability
    because: tuple[str, ...]  # the user's words behind it
    verdict: Verdict


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A check that was run, why, and what it said."""

    check: str
    title: str
    depth: str
    requests: int  # that it was expected to send
    proves: tuple[str, ...]
    settles: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()
    status: Status
    reason: str = ""
    found: tuple[str, ...] = ()  # symptoms


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer; `report` is the ordinary report over the checks that were asked, null where none was."""

    schema_version: str = SCHEMA_VERSION
    tool: Tool
    complaint: str
    candidates: tuple[Likely, ...]
    asked: tuple[Asked, ...] = ()
    state: State = State.UNKNOWN
    reason: str = ""
    report: Report | None = None


def likely(candidates: Sequence[Candidate], target: TargetReport | None, checks: Sequence[Check]) -> tuple[Likely, ...]:
    """Every candidate with its verdict on this target."""
    return tuple(
        Likely(
            id=one.book.id,
            title=one.book.title,
            score=one.score,
            because=one.because,
            verdict=_verdict(one, target, checks),
        )
        for one in candidates
    )


def _verdict(candidate: Candidate, target: TargetReport | None, checks: Sequence[Check]) -> Verdict:
    book = candidate.book
    for cause in target.causes if target else ():
        if cause.id == book.id:
            return "confirmed" if cause.verdict == "confirmed" else "suspected"
    if target and book.id in target.ruled_out:
        return "ruled out"
    if not candidate.provable:
        return "no check can prove it"
    own = {check.id for check in checks if book.proof_symptoms.intersection(s.id for s in check.symptoms)}
    looked = target is not None and any(result.id in own for result in target.checks)
    return "not evaluated" if looked else "not asked"


def asked(questions: Sequence[Question], target: TargetReport) -> tuple[Asked, ...]:
    """The questions in the order in which they were asked, with their answers."""
    results = {result.id: result for result in target.checks}
    found = [(question, results[question.check.id]) for question in questions if question.check.id in results]
    return tuple(asked_one(question, result.status, result.reason, target.findings) for question, result in found)


def asked_one(question: Question, status: Status, reason: str, findings: Iterable[Finding]) -> Asked:
    """One question with its answer; of the findings those count that its check can raise."""
    own = {symptom.id for symptom in question.check.symptoms}
    return Asked(
        check=question.check.id,
        title=question.check.title,
        depth=question.check.depth.value,
        requests=question.cost.requests,
        proves=question.proves,
        settles=question.settles,
        waiting=question.waiting,
        status=status,
        reason=reason,
        found=tuple(dict.fromkeys(finding.symptom for finding in findings if finding.symptom in own)),
    )
