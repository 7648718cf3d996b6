"""Random patients: a draw repeats, stays the same illness, keeps to its bounds, and is judged by its first cause."""

from random import Random

import msgspec
import pytest

from doctor.ward import fuzz
from doctor.ward.matrix import Outcome
from doctor.ward.patients import Expect, Patient, shipped
from doctor.ward.variations import DOSES, HEALTHY_DOSES, varied

SICK = Patient(id="ill", title="Ill", engine="none", expect=Expect(causes=("a", "b")))
SIGN = Patient(id="sign", title="A sign", engine="none", expect=Expect(symptoms=("s",)))
WELL = Patient(id="healthy", title="Well", engine="none")
DRAWS = 300


def seen(patient, **changed):
    fields = {"confirmed": (), "noted": (), "suspected": (), "unexplained": (), "crashed": (), "exit_code": 0}
    return Outcome(patient=patient, questions=0, requests=0, output_tokens=0, seconds=0, **{**fields, **changed})


@pytest.fixture(scope="module")
def patients():
    return shipped()


@pytest.fixture(scope="module")
def draws(patients):
    return [fuzz.drawn(patients, fuzz.SEED, number) for number in range(DRAWS)]


def test_a_draw_depends_on_its_seed_and_number_only(patients, draws):
    assert [fuzz.drawn(patients, fuzz.SEED, number) for number in (7, 3, 299)] == [draws[7], draws[3], draws[299]]
    assert [fuzz.drawn(patients, fuzz.SEED + 1, number) for number in range(DRAWS)] != draws


def test_about_a_third_is_healthy_and_most_patients_come_up(patients, draws):
    assert 0.25 < sum(one.healthy for one in draws) / DRAWS < 0.42
    assert len({one.id for one in draws}) > len(patients) / 2


def test_a_varied_patient_has_the_same_illness(patients):
    for one in patients:
        other = varied(one, Random(1))
        assert (other.id, other.engine, other.expect, other.variant) == (one.id, one.engine, one.expect, one.variant)
        assert other.visit.depth == one.visit.depth
        assert set(one.settings.flags) <= set(other.settings.flags)


def test_what_is_set_is_left_alone_but_for_the_doses(patients):
    dosed = {path[-1] for path in (*DOSES, *HEALTHY_DOSES) if path[1] == "flags"}
    for one in patients:
        other = varied(one, Random(2))
        kept = set(one.settings.flags) - dosed
        assert {flag: other.settings.flags[flag] for flag in kept} == {flag: one.settings.flags[flag] for flag in kept}


def test_doses_stay_within_their_bounds(patients):
    differs = 0
    for one in patients:
        before, after = msgspec.to_builtins(one), msgspec.to_builtins(varied(one, Random(3)))
        for path, (least, most) in ({**DOSES, **HEALTHY_DOSES} if one.healthy else DOSES).items():
            old, new = at(before, path), at(after, path)
            if old and new != old:
                differs += 1
                assert least <= new <= most, (one.id, path)
                assert type(new) is type(old)
    assert differs > 10


def test_what_a_patient_does_not_have_is_not_dosed(patients):
    sound = [one for one in patients if one.engine == "ollama" and one.claims.gpu_share == 1.0]
    assert {varied(one, Random(4)).claims.gpu_share for one in sound} == {1.0}


def at(place, path):
    for name in path:
        place = place.get(name, {})
    return place


def test_names_and_sizes_do_vary(draws):
    assert len({one.settings.name for one in draws}) > 8
    assert len({one.claims.model for one in draws}) > 5
    assert len({one.settings.flags.get("--batch-size") for one in draws}) > 3


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (seen(SICK, confirmed=("a",)), True),
        (seen(SICK, confirmed=("b", "x")), True),
        (seen(SICK, confirmed=("x", "a")), False),
        (seen(SICK, suspected=("a",)), False),
        (seen(SICK, confirmed=("a",), crashed=("echo",)), False),
        (seen(SIGN, unexplained=("s",)), True),
        (seen(SIGN), False),
        (seen(WELL), True),
        (seen(WELL, unexplained=("s",)), False),
        (seen(WELL, confirmed=("n",), noted=("n",)), True),
    ],
)
def test_the_first_cause_decides(outcome, expected):
    assert fuzz.right(outcome) is expected


def test_the_summary_names_what_went_wrong():
    text = fuzz.summary([(0, seen(SICK, confirmed=("a",))), (1, seen(SICK)), (2, seen(WELL, confirmed=("x",)))], seed=5)
    assert text.startswith("Seed 5, 3 draws from 2 patients. The first cause was right in 1 of 2 sick ones (50.0%, ")
    assert "1 of 1 healthy ones raised an alarm." in text
    assert "| 1 | ill | a, b | nothing | none |" in text
    assert "| 2 | healthy | nothing | x | none |" in text


@pytest.mark.usefixtures("own_usual_port")
async def test_one_draw_is_repeated(capsys, patients):
    """Of a patient that no server answers for, so that it takes a second."""
    draws = {number: fuzz.drawn(patients, fuzz.SEED, number) for number in range(2000)}
    number = next(number for number, one in draws.items() if one.engine == "none")
    assert await fuzz.main(["--only", str(number)]) == 0
    said = capsys.readouterr()
    assert "The first cause was right in 1 of 1 sick ones" in said.out
    assert f"{number:4} {draws[number].id}" in said.err
