"""From findings to causes: a pure function of results and playbooks.

A cause is *confirmed* when one of its proofs holds, *ruled out* when a check that could have proved it passed, and
*suspected* when only symptoms that it explains were seen and its proof could not be evaluated. Causes are taken in
the order of elimination; a proof that rests on a semantic symptom waits for the causes named in `after`.
"""

import enum
from collections.abc import Iterable, Sequence

import msgspec

from doctor.check import Check
from doctor.model import (
    Cause,
    Diagnosis,
    Evidence,
    Finding,
    Remedy,
    Result,
    Severity,
    State,
    Status,
)
from doctor.plan.remedies import fitting, planned
from doctor.plan.situation import Situation
from doctor.playbooks import Playbook

MAX_SUSPECTS_PER_SYMPTOM = 3  # more names than that help nobody; the JSON report keeps the order


class Sign(enum.Enum):
    """What is known about a symptom."""

    SEEN = "seen"
    ABSENT = "absent"
    UNKNOWN = "unknown"


class Signs:
    """Every symptom of a run: seen, absent because its check looked, or unknown because it could not."""

    def __init__(self, results: Iterable[Result], checks: Iterable[Check]) -> None:
        outcomes = {result.id: result for result in results}
        self.findings = tuple(finding for result in outcomes.values() for finding in result.findings)
        self.seen = frozenset(finding.symptom for finding in self.findings)
        self.semantic = frozenset(symptom.id for check in checks for symptom in check.symptoms if symptom.semantic)
        self._looked = frozenset(
            symptom.id
            for check in checks
            for symptom in check.symptoms
            if check.id in outcomes and outcomes[check.id].status in (Status.PASSED, Status.FAILED)
        )

    def of(self, symptom: str) -> Sign:
        """What is known about one symptom."""
        if symptom in self.seen:
            return Sign.SEEN
        return Sign.ABSENT if symptom in self._looked else Sign.UNKNOWN


def diagnose(
    results: Sequence[Result],
    checks: Sequence[Check],
    playbooks: Sequence[Playbook],
    *,
    runtime: str = "",
    os: str = "",
    values: dict[str, str] | None = None,
    situation: Situation | None = None,
) -> Diagnosis:
    """What the results of one target mean, with the remedies for this situation.

    Where no situation is given, it is the runtime, the operating system and the values for blanks.
    """
    here = situation or Situation(runtime=runtime, os=os, values=values or {})
    signs = Signs(results, checks)
    system = os or (here.os if here.local else "")
    playbooks = [book for book in playbooks if not (book.os and system) or system in book.os]
    confirmed = _confirmed(playbooks, signs)
    books = {book.id: book for book in playbooks}
    findings = tuple(_explained(finding, [books[id_] for id_ in confirmed], signs) for finding in signs.findings)
    suspected = _suspected(playbooks, signs, findings, set(confirmed))

    def remedies(book: Playbook) -> tuple[Remedy, ...]:
        return tuple(planned(remedy, here) for remedy in fitting(book.remedies, here))

    causes = [_cause(books[id_], "confirmed", signs, findings, remedies(books[id_])) for id_ in confirmed]
    causes += [_cause(books[id_], "suspected", signs, findings, remedies(books[id_])) for id_ in suspected]
    ruled_out = tuple(
        book.id
        for book in playbooks
        if book.proved_by
        and book.id not in confirmed
        and book.id not in suspected
        and all(any(signs.of(s) is Sign.ABSENT for s in group) for group in book.proved_by)
    )
    return Diagnosis(
        causes=tuple(causes), findings=findings, ruled_out=ruled_out, state=_state(results, causes, findings)
    )


def _confirmed(playbooks: Sequence[Playbook], signs: Signs) -> list[str]:
    """Ids of the causes with a proof that holds, in the order of elimination."""
    confirmed: list[str] = []
    waiting = [book for book in playbooks if _proofs(book, signs)]
    # A cause comes after those that it waits for, whatever room they are in.
    while waiting:
        open_ids = {book.id for book in waiting}
        book = next((b for b in waiting if not open_ids.intersection(b.after)), waiting[0])
        waiting.remove(book)
        blocked = any(id_ in confirmed for id_ in book.after)
        if any(not blocked or not signs.semantic.intersection(group) for group in _proofs(book, signs)):
            confirmed.append(book.id)
    books = [book for book in playbooks if book.id in confirmed]
    return [book.id for book in books if not any(_produces(other, book, signs) for other in books)]


def _produces(root: Playbook, book: Playbook, signs: Signs) -> bool:
    """Whether all that proves `book` is what the confirmed `root` brings about: then it is no root cause itself."""
    proof = {symptom for group in _proofs(book, signs) for symptom in group}
    proof_of_root = {symptom for group in _proofs(root, signs) for symptom in group}
    return proof.issubset(root.explains) and not proof_of_root.issubset(book.explains)


def _proofs(book: Playbook, signs: Signs) -> list[tuple[str, ...]]:
    return [group for group in book.proved_by if group and all(signs.of(s) is Sign.SEEN for s in group)]


def _explained(finding: Finding, confirmed: Sequence[Playbook], signs: Signs) -> Finding:
    """The finding with the confirmed cause that it belongs to: one that it proves before one that produces it."""
    proven = (book.id for book in confirmed if any(finding.symptom in group for group in _proofs(book, signs)))
    produced = (book.id for book in confirmed if finding.symptom in {*book.explains, *book.proof_symptoms})
    return msgspec.structs.replace(finding, explained_by=next(proven, None) or next(produced, None))


def _suspected(
    playbooks: Sequence[Playbook], signs: Signs, findings: Sequence[Finding], confirmed: set[str]
) -> list[str]:
    """Causes whose proof could not be evaluated and that explain something which nothing confirmed explains."""
    suspected: list[str] = []
    open_symptoms = {
        finding.symptom
        for finding in findings
        if finding.explained_by is None and finding.severity is not Severity.NOTE
    }
    for symptom in sorted(open_symptoms):
        candidates = [
            book
            for book in playbooks
            if book.id not in confirmed and symptom in {*book.explains, *book.proof_symptoms} and _may_hold(book, signs)
        ]
        candidates.sort(key=lambda book: -_support(book, signs))
        suspected += [book.id for book in candidates[:MAX_SUSPECTS_PER_SYMPTOM]]
    order = [book.id for book in playbooks]
    return sorted(set(suspected), key=order.index)


def _may_hold(book: Playbook, signs: Signs) -> bool:
    """Whether no look has spoken against every proof of the cause."""
    if not book.proved_by:
        return True
    return any(all(signs.of(s) is not Sign.ABSENT for s in group) for group in book.proved_by)


def _support(book: Playbook, signs: Signs) -> int:
    """How many of the seen symptoms speak for the cause; those of its proof count double."""
    return len(signs.seen.intersection(book.explains)) + 2 * len(signs.seen.intersection(book.proof_symptoms))


def _cause(
    book: Playbook, verdict: str, signs: Signs, findings: Sequence[Finding], remedies: tuple[Remedy, ...]
) -> Cause:
    because = tuple(
        sorted(signs.seen.intersection(s for group in _proofs(book, signs) for s in group))
        or sorted(signs.seen.intersection(book.proof_symptoms | set(book.explains)))
    )
    explains = tuple(sorted({f.symptom for f in findings if f.explained_by == book.id and f.symptom not in because}))
    evidence: list[Evidence] = []
    for finding in findings:
        if finding.symptom in because:
            evidence += [e for e in finding.evidence if e not in evidence]
    return Cause(
        id=book.id,
        verdict=verdict,
        severity=_severity(book, verdict, findings, because),
        title=book.title,
        because=because,
        explains=explains,
        evidence=tuple(evidence),
        remedies=remedies,
        verify=book.verify,
    )


def _severity(book: Playbook, verdict: str, findings: Sequence[Finding], because: tuple[str, ...]) -> Severity:
    """The playbook's severity; a suspected cause is a warning at most, and never worse than what was seen."""
    order = list(Severity).index
    worst = max((f.severity for f in findings if f.symptom in because), key=order)
    if verdict == "suspected":
        return min(book.severity, Severity.WARNING, worst, key=order)
    return min(book.severity, worst, key=order) if book.severity_as_seen else book.severity


def _state(results: Sequence[Result], causes: Sequence[Cause], findings: Sequence[Finding]) -> State:
    """The worst cause, or finding that no confirmed cause explains, decides; notes change nothing."""
    severities = [cause.severity for cause in causes]
    severities += [finding.severity for finding in findings if finding.explained_by is None]
    if Severity.CRITICAL in severities:
        return State.CRITICAL
    if Severity.WARNING in severities:
        return State.WARNING
    if any(result.status in (Status.PASSED, Status.FAILED) for result in results):
        return State.OK
    return State.UNKNOWN
