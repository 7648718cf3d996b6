"""Which check to run next to tell the candidates apart, and why: a pure function of what is known so far.

A check is worth asking when one of its symptoms takes part in a proof that may still hold. A proof that rests on a
model's wrong answer waits for other causes to be ruled out; their checks are asked as well, and first. The cheapest
question comes first, and the asking ends when a candidate is confirmed and nothing that fits the words better is open.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from doctor.ask.candidates import Candidate
from doctor.ask.costs import Cost, cost_of
from doctor.check import Check
from doctor.diagnose import Sign, Signs
from doctor.model import Diagnosis, Result
from doctor.playbooks import Playbook


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """A check that is asked: what it costs, the candidates that it can prove, and those that wait for its answer."""

    check: Check
    cost: Cost
    proves: tuple[str, ...] = ()  # candidates, most likely first
    settles: tuple[str, ...] = ()  # other causes that must be ruled out before `waiting` can be proved
    waiting: tuple[str, ...] = ()


class Interview:
    """The candidates, and every question that may be asked about them."""

    def __init__(self, candidates: Sequence[Candidate], checks: Sequence[Check], playbooks: Sequence[Playbook]) -> None:
        self.candidates = tuple(candidates)
        self.checks = tuple(checks)
        self.asked: list[Question] = []
        self._books = {book.id: book for book in playbooks}
        self._semantic = {symptom.id for check in checks for symptom in check.symptoms if symptom.semantic}
        self._first = {candidate.book.id: self._before(candidate.book) for candidate in candidates}

    @property
    def possible(self) -> tuple[str, ...]:
        """Ids of every check that could be asked."""
        books = [candidate.book for candidate in self.candidates]
        books += [self._books[id_] for before in self._first.values() for id_ in before]
        symptoms = {symptom for book in books for symptom in book.proof_symptoms}
        return tuple(check.id for check in self.checks if symptoms.intersection(s.id for s in check.symptoms))

    def next(self, results: Mapping[str, Result], diagnosis: Diagnosis) -> str:
        """The id of the next check, "" when the asking is over. What is returned is noted in `asked`."""
        signs = Signs(results.values(), self.checks)
        if self._over(diagnosis, signs, results):
            return ""
        questions = [self._question(check, signs) for check in self.checks if check.id not in results]
        open_ = [question for question in questions if question.proves or question.settles]
        if not open_:
            return ""
        # Within one cost, what others wait for comes first, then what tells most candidates apart.
        best = min(open_, key=lambda one: (one.cost.order, not one.settles, -len(one.proves)))
        self.asked.append(best)
        return best.check.id

    def _before(self, book: Playbook) -> tuple[str, ...]:
        """The causes that must be ruled out before a proof of this one counts: none where no answer is judged."""
        return book.after if self._semantic.intersection(book.proof_symptoms) else ()

    def _over(self, diagnosis: Diagnosis, signs: Signs, results: Mapping[str, Result]) -> bool:
        """Whether a candidate is confirmed, and none that the words fit better can still be found."""
        confirmed = {cause.id for cause in diagnosis.causes if cause.verdict == "confirmed"}
        for candidate in self.candidates:
            book = candidate.book
            if book.id in confirmed:
                return not any(self._open(self._books[id_], signs, results) for id_ in self._first[book.id])
            if self._open(book, signs, results):
                return False
        return False

    def _open(self, book: Playbook, signs: Signs, results: Mapping[str, Result]) -> bool:
        """Whether there is a check left that could prove the cause."""
        left = {symptom.id for check in self.checks if check.id not in results for symptom in check.symptoms}
        return any(left.intersection(group) for group in _hopeful(book, signs))

    def _question(self, check: Check, signs: Signs) -> Question:
        own = {symptom.id for symptom in check.symptoms}
        open_ = [one.book for one in self.candidates if _helps(own, one.book, signs)]
        waiting = [id_ for id_, before in self._first.items() if before and _alive(self._books[id_], signs)]
        settles = sorted({b for id_ in waiting for b in self._first[id_] if _helps(own, self._books[b], signs)})
        return Question(
            check=check,
            cost=cost_of(check),
            proves=tuple(book.id for book in open_),
            settles=tuple(id_ for id_ in settles if id_ not in {book.id for book in open_}),
            waiting=tuple(id_ for id_ in waiting if set(self._first[id_]).intersection(settles)),
        )


def _hopeful(book: Playbook, signs: Signs) -> list[tuple[str, ...]]:
    """The proofs that nothing has spoken against and that are not complete yet."""
    known = [[signs.of(symptom) for symptom in group] for group in book.proved_by]
    groups = zip(book.proved_by, known, strict=True)
    return [group for group, said in groups if Sign.ABSENT not in said and Sign.UNKNOWN in said]


def _helps(own: Iterable[str], book: Playbook, signs: Signs) -> bool:
    return any(set(own).intersection(group) for group in _hopeful(book, signs))


def _alive(book: Playbook, signs: Signs) -> bool:
    """Whether the cause may still turn out to be the one."""
    return any(all(signs.of(symptom) is not Sign.ABSENT for symptom in group) for group in book.proved_by)
