"""What came of the asking: what `llm-doctor ask --format json` prints, and what the page of text is made of."""

from collections.abc import Sequence
from typing import Literal

import msgspec

from doctor.ask.candidates import Candidate
from doctor.ask.questions import Question
from doctor.check import Check
from doctor.model import Report, State, Status, TargetReport, Tool

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
    found: list[Asked] = []
    for question in questions:
        result = results.get(question.check.id)
        if result is None:
            continue
        own = {symptom.id for symptom in question.check.symptoms}
        found.append(
            Asked(
                check=question.check.id,
                title=question.check.title,
                depth=question.check.depth.value,
                requests=question.cost.requests,
                proves=question.proves,
                settles=question.settles,
                waiting=question.waiting,
                status=result.status,
                reason=result.reason,
                found=tuple(dict.fromkeys(f.symptom for f in target.findings if f.symptom in own)),
            )
        )
    return tuple(found)
