"""Did it help: two reports of the same checks, and what they mean. On given reports."""

from pathlib import Path

import pytest

from doctor.check import Check
from doctor.model import (
    Category,
    Cause,
    CheckReport,
    Depth,
    Evidence,
    Finding,
    Severity,
    Status,
    Symptom,
    TargetReport,
)
from doctor.playbooks import Playbook
from doctor.plugins import bundled_checks, bundled_playbooks
from doctor.treat.verdict import GUARDS, Outcome, judged, needed

BOOK = Playbook(
    id="slow-x",
    category=Category.SPEED,
    title="X",
    severity=Severity.WARNING,
    proved_by=(("a",), ("b",)),
    measure={"rate": "higher"},
)


async def never(_):
    raise AssertionError


def check(id_, *symptoms):
    return Check(
        id=id_,
        category=Category.SPEED,
        title=id_,
        doc=id_,
        depth=Depth.QUICK,
        symptoms=tuple(Symptom(id=symptom, title=symptom) for symptom in symptoms),
        run=never,
        path=Path(id_),
    )


CHECKS = (check("one", "a", "b"), check("echo", "echo-wrong"), check("other", "crit"))


def report(*seen, rate=10.0, severity=Severity.WARNING, statuses=None, confirmed=True, critical=()):
    """A report in which these symptoms were seen."""
    rate_item = Evidence(label="rate", value=rate, unit="tok/s")
    findings = [
        Finding(symptom=s, severity=severity, subject="x", summary=f"{s} seen", evidence=(rate_item,)) for s in seen
    ]
    findings += [Finding(symptom=s, severity=Severity.CRITICAL, subject="x", summary=f"{s} seen") for s in critical]
    status = {"one": Status.FAILED if seen else Status.PASSED, "echo": Status.PASSED, "other": Status.PASSED}
    status |= statuses or {}
    checks = tuple(
        CheckReport(id=id_, category=Category.SPEED, status=s, evidence=(rate_item,) if id_ == "one" else ())
        for id_, s in status.items()
    )
    cause = Cause(id="slow-x", verdict="confirmed", severity=severity, title="X", because=tuple(sorted(seen)))
    return TargetReport(url="u", checks=checks, findings=tuple(findings), causes=(cause,) if seen and confirmed else ())


def outcome(before, after):
    return judged(before, after, BOOK, CHECKS)


def test_no_sign_left_is_fixed_and_the_numbers_stand_side_by_side():
    seen = outcome(report("a", rate=3.0), report(rate=12.0))
    assert seen.outcome is Outcome.FIXED
    (number,) = seen.numbers
    assert (number.label, number.before.value, number.after.value) == ("rate", 3.0, 12.0)


def test_the_same_signs_are_unchanged():
    assert outcome(report("a"), report("a", rate=10.5)).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (report("a", "b"), report("a")),
        (report("a", severity=Severity.CRITICAL), report("a", severity=Severity.WARNING)),
        (report("a", rate=3.0), report("a", rate=6.0)),
    ],
    ids=["fewer signs", "milder", "a better number"],
)
def test_less_of_it_is_better(before, after):
    assert outcome(before, after).outcome is Outcome.BETTER


def test_a_number_that_moves_the_wrong_way_is_not_better():
    assert outcome(report("a", rate=6.0), report("a", rate=3.0)).outcome is Outcome.UNCHANGED


def test_a_guard_that_fails_now_is_worse_even_if_the_cause_is_gone():
    after = report(statuses={"echo": Status.FAILED})
    seen = outcome(report("a"), after)
    assert seen.outcome is Outcome.WORSE
    assert "echo" in seen.because


def test_something_critical_that_is_new_is_worse():
    assert outcome(report("a"), report(critical=("crit",))).outcome is Outcome.WORSE


def test_what_could_not_be_looked_at_before_is_not_new():
    before = report("a", statuses={"other": Status.SKIPPED})
    assert outcome(before, report(critical=("crit",))).outcome is Outcome.FIXED


def test_a_sign_that_is_left_counts_also_where_the_cause_waits_for_another():
    assert outcome(report("a"), report("a", confirmed=False)).outcome is Outcome.UNCHANGED


def test_a_proof_that_cannot_be_evaluated_afterwards_is_not_called_fixed():
    seen = outcome(report("a"), report(statuses={"one": Status.SKIPPED}))
    assert seen.outcome is Outcome.UNKNOWN
    assert "one could not be evaluated" in seen.because


def test_without_a_diagnosis_before_there_is_nothing_to_judge():
    with pytest.raises(ValueError, match="not confirmed"):
        outcome(report(), report())


def test_a_treatment_runs_the_proving_checks_their_predecessors_and_the_guards_only():
    checks = {check.id for check in bundled_checks()}
    wanted = needed("tool-model-untrained", bundled_playbooks(), bundled_checks())
    assert set(GUARDS) <= checks
    assert {"tool-call", "prompt-accounting", *GUARDS} <= set(wanted)
    small = needed("drift-parallel-share", bundled_playbooks(), bundled_checks())
    assert "window" in small
    assert len(small) < 12
