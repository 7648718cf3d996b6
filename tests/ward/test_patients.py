"""Patients' files: complete, honest about themselves, and refused with the field that is wrong."""

import pytest

from doctor.errors import Unreachable, WardError
from doctor.http import Client
from doctor.ward import admitted, patient, shipped
from doctor.ward.patients import DEFAULT, load
from doctor.ward.variants import VARIANTS

SHIPPED = shipped()


def test_the_ward_has_enough_sick_and_healthy_patients():
    healthy = [one.id for one in SHIPPED if one.healthy]
    assert len(SHIPPED) - len(healthy) >= 70
    assert len(healthy) >= 25


@pytest.mark.parametrize("one", SHIPPED, ids=lambda one: one.id)
def test_a_patient_expects_what_its_name_says(one):
    assert one.healthy == one.id.startswith("healthy")
    assert one.expect.exit_code == 0 or not one.healthy
    assert {one.variant, one.behind} <= {"", *VARIANTS}
    assert one.title
    assert not one.title.endswith(".")


def test_the_default_is_a_real_engine_made_ill():
    chosen = patient()
    assert (chosen.id, chosen.engine, chosen.healthy) == (DEFAULT, "llama.cpp", False)


def test_a_patient_of_the_users_own_is_read_from_its_file(tmp_path):
    file = tmp_path / "mine.toml"
    file.write_text('title = "Mine"\nengine = "llama.cpp"\nvariant = "rope_wrong"\n')
    assert patient(str(file)).variant == "rope_wrong"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('title = "x"\nengine = "tgi"\n', "names the engine 'tgi'"),
        ('title = "x"\nengine = "llama.cpp"\nvarient = "x"\n', "varient"),
        ('title = "x"\n', "engine"),
        ("title = ", "is wrong"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, text, words):
    file = tmp_path / "wrong.toml"
    file.write_text(text)
    with pytest.raises(WardError, match=words):
        load(file)


@pytest.mark.parametrize("name", ["no-such-patient", "../healthy", ""])
def test_an_unknown_name_is_answered_with_the_known_ones(name):
    with pytest.raises(WardError, match="five-fold"):
        patient(name)


@pytest.mark.ward
async def test_an_admitted_patient_answers_and_is_gone_afterwards():
    """Real engine."""
    async with admitted(patient("healthy")) as url, Client(url) as client:
        assert (await client.get("/health")).status == 200
    async with Client(url) as client:
        with pytest.raises(Unreachable):
            await client.get("/health")
