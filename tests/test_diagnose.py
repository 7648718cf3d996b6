"""Diagnosis: a pure function, tested on given results and small playbooks."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import msgspec
import pytest

from doctor.check import Check
from doctor.context import Context
from doctor.diagnose import diagnose
from doctor.model import (
    Category,
    Depth,
    Diagnosis,
    Evidence,
    Finding,
    Remedy,
    Result,
    Severity,
    State,
    Status,
    Step,
    Symptom,
    Verdict,
)
from doctor.plan.situation import Situation
from doctor.playbooks import Playbook

SIGN = Evidence(label="n", value=1)


async def _never(_: Context) -> Verdict:
    raise AssertionError


RUN: Callable[[Context], Awaitable[Verdict]] = _never


def check(id_: str, *symptoms: str, semantic: bool = False) -> Check:
    return Check(
        id=id_,
        category=Category.CONTEXT,
        title=id_,
        doc=id_,
        depth=Depth.QUICK,
        symptoms=tuple(Symptom(id=s, title=s, semantic=semantic) for s in symptoms),
        run=RUN,
        path=Path(id_),
    )


def result(id_: str, *symptoms: str, status: Status | None = None, severity: Severity = Severity.WARNING) -> Result:
    findings = tuple(Finding(symptom=s, severity=severity, subject="m", summary=s, evidence=(SIGN,)) for s in symptoms)
    return Result(
        id=id_,
        category=Category.CONTEXT,
        status=status or (Status.FAILED if findings else Status.PASSED),
        findings=findings,
    )


def book(
    id_: str,
    *,
    proved_by: tuple[tuple[str, ...], ...] = (),
    explains: tuple[str, ...] = (),
    after: tuple[str, ...] = (),
    severity: Severity = Severity.WARNING,
    as_seen: bool = False,
    remedies: tuple[Remedy, ...] = (),
) -> Playbook:
    return Playbook(
        id=id_,
        category=Category.CONTEXT,
        title=id_,
        severity=severity,
        severity_as_seen=as_seen,
        proved_by=proved_by,
        explains=explains,
        after=after,
        remedies=remedies,
    )


def verdicts(diagnosis: Diagnosis) -> dict[str, str]:
    return {cause.id: cause.verdict for cause in diagnosis.causes}


def test_a_proof_confirms_its_cause_and_folds_what_it_explains() -> None:
    checks = [check("a", "cut"), check("b", "forgets")]
    books = [book("small-window", proved_by=(("cut",),), explains=("forgets",), severity=Severity.CRITICAL)]

    diagnosis = diagnose([result("a", "cut"), result("b", "forgets")], checks, books)

    assert verdicts(diagnosis) == {"small-window": "confirmed"}
    assert {f.symptom: f.explained_by for f in diagnosis.findings} == {"cut": "small-window", "forgets": "small-window"}
    assert diagnosis.causes[0].because == ("cut",)
    assert diagnosis.causes[0].explains == ("forgets",)
    assert diagnosis.causes[0].evidence == (SIGN,)
    assert diagnosis.state is State.CRITICAL


def test_a_group_needs_all_its_symptoms() -> None:
    checks = [check("a", "runs-on", "marker")]
    books = [book("eos", proved_by=(("runs-on", "marker"),))]

    assert verdicts(diagnose([result("a", "runs-on", "marker")], checks, books)) == {"eos": "confirmed"}
    assert verdicts(diagnose([result("a", "runs-on")], checks, books)) == {}


@pytest.mark.parametrize(("os", "expected"), [("darwin", {"a": "confirmed"}), ("", {"a": "confirmed"}), ("linux", {})])
def test_a_cause_of_one_operating_system_is_not_named_on_another(os: str, expected: dict[str, str]) -> None:
    only_there = msgspec.structs.replace(book("a", proved_by=(("cut",),)), os=("darwin",))

    assert verdicts(diagnose([result("c", "cut")], [check("c", "cut")], [only_there], os=os)) == expected


@pytest.mark.parametrize(("local", "expected"), [(True, {}), (False, {"a": "confirmed"})])
def test_the_system_of_this_machine_says_nothing_about_a_server_elsewhere(local, expected):
    only_there = msgspec.structs.replace(book("a", proved_by=(("cut",),)), os=("darwin",))
    here = Situation(os="linux", local=local)

    found = diagnose([result("c", "cut")], [check("c", "cut")], [only_there], situation=here)

    assert verdicts(found) == expected


def test_a_passed_check_rules_its_cause_out() -> None:
    checks = [check("a", "cut"), check("b", "forgets")]
    books = [book("small-window", proved_by=(("cut",),), explains=("forgets",))]

    diagnosis = diagnose([result("a"), result("b", "forgets")], checks, books)

    assert verdicts(diagnosis) == {}
    assert diagnosis.ruled_out == ("small-window",)
    assert diagnosis.findings[0].explained_by is None
    assert diagnosis.state is State.WARNING


def test_a_cause_is_suspected_when_its_proof_could_not_be_evaluated() -> None:
    checks = [check("a", "cut"), check("b", "forgets")]
    books = [book("small-window", proved_by=(("cut",),), explains=("forgets",), severity=Severity.CRITICAL)]

    diagnosis = diagnose([result("a", status=Status.SKIPPED), result("b", "forgets")], checks, books)

    assert verdicts(diagnosis) == {"small-window": "suspected"}
    assert diagnosis.causes[0].severity is Severity.WARNING
    assert diagnosis.state is State.WARNING


def test_a_critical_symptom_that_nothing_explains_is_critical() -> None:
    checks = [check("a", "cut"), check("b", "flood")]
    books = [book("x", proved_by=(("cut",),), explains=("flood",))]

    diagnosis = diagnose(
        [result("a", status=Status.SKIPPED), result("b", "flood", severity=Severity.CRITICAL)], checks, books
    )

    assert diagnosis.state is State.CRITICAL


def test_a_semantic_proof_waits_for_an_earlier_cause() -> None:
    checks = [check("a", "cut"), check("b", "no-call", semantic=True)]
    books = [
        book("small-window", proved_by=(("cut",),), explains=("no-call",)),
        book("weak-model", proved_by=(("no-call",),), after=("small-window",)),
    ]

    sick = diagnose([result("a", "cut"), result("b", "no-call")], checks, books)
    weak = diagnose([result("a"), result("b", "no-call")], checks, books)

    assert verdicts(sick) == {"small-window": "confirmed"}
    assert sick.findings[1].explained_by == "small-window"
    assert verdicts(weak) == {"weak-model": "confirmed"}


def test_a_structural_proof_stands_beside_an_earlier_cause() -> None:
    checks = [check("a", "cut"), check("b", "call-as-text")]
    books = [
        book("small-window", proved_by=(("cut",),)),
        book("parser", proved_by=(("call-as-text",),), after=("small-window",)),
    ]

    diagnosis = diagnose([result("a", "cut"), result("b", "call-as-text")], checks, books)

    assert verdicts(diagnosis) == {"small-window": "confirmed", "parser": "confirmed"}


def test_the_order_of_waiting_does_not_depend_on_the_order_of_playbooks() -> None:
    checks = [check("a", "cut"), check("b", "no-call", semantic=True)]
    books = [
        book("weak-model", proved_by=(("no-call",),), after=("small-window",)),
        book("small-window", proved_by=(("cut",),), explains=("no-call",)),
    ]

    assert verdicts(diagnose([result("a", "cut"), result("b", "no-call")], checks, books)) == {
        "small-window": "confirmed"
    }


def test_a_milder_proof_makes_a_milder_cause_where_the_playbook_says_so() -> None:
    checks = [check("a", "cut", "tiny")]
    proofs = (("cut",), ("tiny",))
    as_seen = [book("window", proved_by=proofs, severity=Severity.CRITICAL, as_seen=True)]
    fixed = [book("window", proved_by=proofs, severity=Severity.CRITICAL)]

    assert diagnose([result("a", "tiny")], checks, as_seen).causes[0].severity is Severity.WARNING
    assert diagnose([result("a", "tiny")], checks, fixed).causes[0].severity is Severity.CRITICAL


def test_a_cause_whose_proof_another_brings_about_is_folded_under_it() -> None:
    checks = [check("a", "tenant"), check("b", "partly-on-cpu"), check("c", "slow")]
    books = [
        book("other-tenant", proved_by=(("tenant",),), explains=("partly-on-cpu", "slow")),
        book("partial-offload", proved_by=(("partly-on-cpu",),), explains=("slow",)),
    ]

    both = diagnose([result("a", "tenant"), result("b", "partly-on-cpu"), result("c", "slow")], checks, books)
    alone = diagnose([result("a"), result("b", "partly-on-cpu"), result("c", "slow")], checks, books)

    assert verdicts(both) == {"other-tenant": "confirmed"}
    assert {finding.explained_by for finding in both.findings} == {"other-tenant"}
    assert verdicts(alone) == {"partial-offload": "confirmed"}


def test_causes_that_explain_each_other_both_stand() -> None:
    checks = [check("a", "one"), check("b", "two")]
    books = [
        book("first", proved_by=(("one",),), explains=("two",)),
        book("second", proved_by=(("two",),), explains=("one",)),
    ]

    assert verdicts(diagnose([result("a", "one"), result("b", "two")], checks, books)) == {
        "first": "confirmed",
        "second": "confirmed",
    }


def test_notes_leave_the_state_ok() -> None:
    checks = [check("a", "limited")]

    diagnosis = diagnose([result("a", "limited", status=Status.PASSED, severity=Severity.NOTE)], checks, [])

    assert diagnosis.state is State.OK


def test_nothing_evaluated_is_unknown() -> None:
    assert diagnose([result("a", status=Status.SKIPPED)], [check("a", "cut")], []).state is State.UNKNOWN
    assert diagnose([result("a", status=Status.CRASHED)], [check("a", "cut")], []).state is State.UNKNOWN


@pytest.mark.parametrize(("runtime", "said"), [("ollama", "own"), ("vllm", "general")])
def test_remedies_fit_the_runtime_and_are_filled_in(runtime: str, said: str) -> None:
    steps = (Step(kind="run", command=("ollama", "stop", "{model}")),)
    books = [
        book(
            "x",
            proved_by=(("cut",),),
            remedies=(Remedy(say="own", runtime="ollama", steps=steps), Remedy(say="general", runtime="any")),
        )
    ]

    diagnosis = diagnose(
        [result("a", "cut")], [check("a", "cut")], books, runtime=runtime, os="linux", values={"model": "m:1b"}
    )

    assert diagnosis.causes[0].remedies[0].say == said
    if runtime == "ollama":
        assert diagnosis.causes[0].remedies[0].steps[0].command == ("ollama", "stop", "m:1b")
