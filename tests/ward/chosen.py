"""The patients that every run of the tests admits: all healthy ones, and for each cause one that has it.

The other patients are further ways to the same causes; `make ward` admits all of them.
"""

from collections.abc import Iterable

from doctor.model import Depth
from doctor.playbooks import Playbook
from doctor.selection import suited
from doctor.treat.treatment import Catalogue, examination
from doctor.ward.patients import Patient, shipped

MANY = "five-fold"  # several illnesses at once take minutes to cure, and each of them is another patient's only one
DONE_BY_THE_DOCTOR = ("flag", "environment", "modelfile", "request", "run", "edit", "restart")


def every_cause_once(patients: Iterable[Patient]) -> list[Patient]:
    """In their order, those that bring a cause or symptom which none before them has, and all healthy ones."""
    known: set[str] = set()
    chosen = []
    for one in patients:
        brings = {*one.expect.causes, *one.expect.symptoms} - known
        if brings or one.healthy:
            chosen.append(one)
        known |= brings
    return chosen


def examined_ones() -> list[Patient]:
    """For the matrix; the one with many illnesses first, which spares four others that are as slow."""
    return every_cause_once(sorted(shipped(), key=lambda one: one.id != MANY))


def spared(one: Patient, known: Catalogue) -> tuple[str, ...]:
    """Checks of depth deep that a sick patient's causes do without; the healthy one in depth has them all."""
    if one.healthy:
        return ()
    target = one.target("http://127.0.0.1")
    needed = {check for cause in one.expect.causes for check in examination(target, known.book(cause), known).only}
    here = suited(known.checks, index=False)
    return tuple(check.id for check in here if check.depth is Depth.DEEP and check.id not in needed)


def curable_ones(books: Iterable[Playbook]) -> list[Patient]:
    """For the cures: those with a cause whose playbook has a step that the doctor can carry out."""
    able = {
        book.id
        for book in books
        if any(step.kind in DONE_BY_THE_DOCTOR for remedy in book.remedies for step in remedy.steps)
    }
    sick = [one for one in shipped() if able.intersection(one.expect.causes) and one.id != MANY]
    return every_cause_once(sick)
