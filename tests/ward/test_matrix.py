"""The matrix: each patient yields exactly its own causes and exit code, and the healthy ones nothing.

Real engine behind every patient but those that are a transport fault or nobody at all. Checks of the machine itself
are left out: what they say is true of the machine that runs the test, not of the patient.
"""

import pytest

from doctor.ward.matrix import examined
from doctor.ward.patients import shipped

pytestmark = [pytest.mark.ward, pytest.mark.timeout(240)]


@pytest.mark.parametrize("one", shipped(), ids=lambda one: one.id)
async def test_a_patient_yields_exactly_its_own_causes(one):
    """See the patient's file for its engine."""
    seen = await examined(one)
    assert seen.crashed == ()
    assert seen.missed == ()
    assert seen.false_alarms == ()
    assert seen.exit_code == one.expect.exit_code
