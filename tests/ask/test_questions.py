"""Which check is asked next, and when the asking ends: on checks and playbooks made for each test."""

from pathlib import Path

from doctor.ask.candidates import Candidate
from doctor.ask.questions import Interview
from doctor.check import Check
from doctor.diagnose import diagnose
from doctor.model import Category, Depth, Finding, Result, Severity, Status, Symptom
from doctor.playbooks import Playbook


async def never(_):
    raise AssertionError("questions are chosen without running anything")


def check(id_, *symptoms, depth=Depth.PASSIVE, semantic=False):
    return Check(
        id=id_,
        category=Category.CONTEXT,
        title=id_,
        doc=id_,
        depth=depth,
        symptoms=tuple(Symptom(id=symptom, title=symptom, semantic=semantic) for symptom in symptoms),
        run=never,
        path=Path(id_),
    )


def book(id_, *proofs, after=()):
    return Playbook(
        id=id_, category=Category.CONTEXT, title=id_, severity=Severity.WARNING, proved_by=proofs, after=tuple(after)
    )


def interview(books, checks, others=()):
    chosen = [Candidate(rank=n, book=one, score=1 / n, because=()) for n, one in enumerate(books, 1)]
    return Interview(chosen, checks, [*books, *others])


def asked(talk, sick=(), unable=()):
    """The ids in the order of asking, where the symptoms in `sick` are there and the checks in `unable` skip."""
    results, order = {}, []
    checks = {one.id: one for one in talk.checks}
    while id_ := talk.next(results, diagnose(list(results.values()), talk.checks, list(talk._books.values()))):
        order.append(id_)
        found = [
            Finding(symptom=symptom.id, severity=Severity.WARNING, subject="", summary="")
            for symptom in checks[id_].symptoms
            if symptom.id in sick
        ]
        status = Status.SKIPPED if id_ in unable else Status.FAILED if found else Status.PASSED
        results[id_] = Result(id=id_, category=Category.CONTEXT, status=status, findings=tuple(found))
    return order


def test_only_checks_that_can_prove_a_candidate_are_asked_and_the_cheapest_first():
    checks = [check("dear", "a", depth=Depth.DEEP), check("cheap", "b"), check("middle", "c", depth=Depth.QUICK)]
    talk = interview([book("one", ("a",)), book("two", ("b",)), book("three", ("c",))], [*checks, check("other", "d")])

    assert asked(talk) == ["cheap", "middle", "dear"]
    assert talk.possible == ("dear", "cheap", "middle")
    assert [question.proves for question in talk.asked] == [("two",), ("three",), ("one",)]


def test_of_equal_cost_the_one_that_tells_most_candidates_apart_comes_first():
    talk = interview([book("one", ("a",)), book("two", ("b",))], [check("single", "a"), check("both", "a2", "b", "a")])

    assert asked(talk)[0] == "both"


def test_the_asking_ends_with_a_confirmed_cause_when_nothing_better_is_open():
    checks = [check("first", "a"), check("second", "b", depth=Depth.QUICK)]

    assert asked(interview([book("one", ("a",)), book("two", ("b",))], checks), sick={"a"}) == ["first"]


def test_a_cause_that_fits_the_words_better_is_looked_for_although_another_is_confirmed():
    checks = [check("first", "a"), check("second", "b", depth=Depth.QUICK)]

    assert asked(interview([book("two", ("b",)), book("one", ("a",))], checks), sick={"a"}) == ["first", "second"]


def test_what_imitates_a_candidate_is_ruled_out_before_it():
    checks = [check("answer", "wrong", semantic=True, depth=Depth.QUICK), check("cut", "lost", depth=Depth.QUICK)]
    talk = interview([book("weak", ("wrong",), after=["lost-context"])], checks, [book("lost-context", ("lost",))])

    assert asked(talk, sick={"wrong"}) == ["cut", "answer"]
    assert (talk.asked[0].settles, talk.asked[0].waiting) == (("lost-context",), ("weak",))


def test_a_confirmed_semantic_cause_still_waits_for_what_imitates_it():
    checks = [check("answer", "wrong", semantic=True), check("cut", "lost", depth=Depth.QUICK)]
    talk = interview([book("weak", ("wrong",), after=["lost-context"])], checks, [book("lost-context", ("lost",))])

    assert asked(talk, sick={"wrong"}) == ["answer", "cut"]


def test_a_proof_that_is_spoken_against_is_not_pursued():
    checks = [check("cheap", "a"), check("dear", "b", depth=Depth.DEEP)]

    assert asked(interview([book("one", ("a", "b"))], checks)) == ["cheap"]
    assert asked(interview([book("one", ("a", "b"))], checks), sick={"a"}) == ["cheap", "dear"]


def test_a_check_that_cannot_be_evaluated_is_asked_once():
    assert asked(interview([book("one", ("a",))], [check("cheap", "a")]), unable={"cheap"}) == ["cheap"]


def test_nothing_is_asked_about_causes_that_no_check_can_prove():
    talk = interview([book("by-eye")], [check("cheap", "a")])

    assert asked(talk) == []
    assert talk.possible == ()
