"""The matrix: each patient yields exactly its own causes and exit code, and the healthy ones nothing.

Real engine behind every patient but those that are a transport fault or nobody at all. Checks of the machine itself
are left out: what they say is true of the machine that runs the test, not of the patient.
"""

import pytest

from doctor.ward.matrix import OF_THE_MACHINE, examined
from doctor.ward.patients import shipped
from tests.ward.chosen import examined_ones, spared

pytestmark = [pytest.mark.ward, pytest.mark.timeout(240), pytest.mark.usefixtures("own_usual_port")]


@pytest.mark.parametrize("one", examined_ones(), ids=lambda one: one.id)
async def test_a_patient_yields_exactly_its_own_causes(one, known):
    """See the patient's file for its engine."""
    seen = await examined(one, skip=(*OF_THE_MACHINE, *spared(one, known)))
    assert seen.crashed == ()
    assert seen.missed == ()
    assert seen.false_alarms == ()
    assert seen.exit_code == one.expect.exit_code


def test_every_cause_that_a_patient_has_is_among_them():
    assert {cause for one in examined_ones() for cause in one.expect.causes} == {
        cause for one in shipped() for cause in one.expect.causes
    }
    assert {one.id for one in shipped() if one.healthy} <= {one.id for one in examined_ones()}
