"""The matrix counts: what was missed, what was a false alarm, and the sums. On given outcomes, no engine."""

from doctor.ward.cure import BY_HAND, Cure
from doctor.ward.matrix import Outcome, answer_tokens, asked, markdown
from doctor.ward.patients import Expect, Patient

SICK = Patient(id="ill", title="Ill", engine="none", expect=Expect(causes=("a", "b"), symptoms=("s",), exit_code=2))
WELL = Patient(id="healthy", title="Well", engine="none")


def seen(patient, **changed):
    fields = {"confirmed": (), "noted": (), "suspected": (), "unexplained": (), "crashed": (), "exit_code": 0}
    return Outcome(patient=patient, questions=2, requests=3, output_tokens=40, seconds=1.25, **{**fields, **changed})


def test_everything_found_is_right():
    outcome = seen(SICK, confirmed=("b", "a"), unexplained=("s",), exit_code=2)
    assert (outcome.missed, outcome.false_alarms, outcome.right) == ((), (), True)


def test_a_missing_cause_or_symptom_is_missed():
    outcome = seen(SICK, confirmed=("a",), suspected=("b",), exit_code=2)
    assert outcome.missed == ("b", "s")
    assert not outcome.right


def test_another_cause_is_a_false_alarm_and_a_note_is_none():
    outcome = seen(WELL, confirmed=("c", "d"), noted=("d",), unexplained=("t",))
    assert outcome.false_alarms == ("c", "t")


def test_a_crash_or_another_exit_code_is_not_right():
    assert not seen(WELL, crashed=("echo",)).right
    assert not seen(WELL, exit_code=1).right
    assert seen(WELL).right


def test_the_sums_come_first_and_the_tables_are_folded():
    cures = (Cure(cause="a", outcome="fixed", undone=True), Cure(cause="b", outcome=BY_HAND))
    text = markdown([seen(SICK, confirmed=("a", "x"), exit_code=1, cures=cures), seen(WELL)])
    assert text.startswith(
        "Found 1 of 3 causes in 1 sick patients, and 1 that they do not have; 0 false alarms in 1 healthy patients.\n"
    )
    assert "Cured 1 of the 1 causes with a remedy that the doctor can carry out, in 1 patients; " in text
    assert "1 causes are for people to cure.\n" in text
    assert "| ill | a, b, s | missed b, s | x | yes, by hand | 1, not 2 | 2 | 3 | 40 | 1.2 |" in text
    assert "| healthy | nothing | nothing | none | - | 0 | 2 | 3 | 40 | 1.2 |" in text


def test_each_cause_is_counted_over_all_patients():
    text = markdown(
        [seen(SICK, confirmed=("a", "x")), seen(SICK, confirmed=("a", "b"), unexplained=("s",)), seen(WELL)]
    )
    rows = ["| a | 2 | 2 | 0 | 0 |", "| b | 2 | 1 | 1 | 0 |", "| s | 2 | 1 | 1 | 0 |", "| x | 0 | 0 | 0 | 1 |"]
    assert "\n".join(rows) in text


def test_a_cure_that_could_not_be_taken_back_is_none():
    assert "| fixed |" in markdown([seen(SICK, confirmed=("a",), cures=(Cure(cause="a", outcome="fixed"),))])


def test_answer_tokens_are_summed_over_all_exchanges():
    facts = {"Echo": {"exchange": {"completion_tokens": 7}}, "Two": {"exchanges": [{"completion_tokens": 2}, {}]}}
    assert answer_tokens(facts) == 9


def test_questions_are_the_exchanges_wherever_they_are():
    one, other = ({"purpose": "echo", "status": 200, "total_s": seconds} for seconds in (0.1, 0.2))
    assert asked({"Echo": {"exchange": one}, "Two": {"exchanges": [one, other]}, "Host": {"status": 200}}) == 2
