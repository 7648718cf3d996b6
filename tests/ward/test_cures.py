"""For each cause with a remedy that the doctor can carry out, a patient is cured by it, verified and taken back.

On the real engine, or a façade over it that honours what the real runtime would (see the patient's file).
"""

import pytest

from doctor.plugins import bundled_playbooks
from doctor.ward.cure import BY_HAND
from doctor.ward.matrix import treated
from tests.ward.chosen import curable_ones

pytestmark = [pytest.mark.ward, pytest.mark.timeout(600)]
# What a remedy cannot reach, with the reason.
BEYOND = {
    ("mostly-off-gpu", "slow-partial-offload"): "the file alone is three times the card's memory",
    ("pages-refused", "conn-cors"): "Ollama lets pages of its own machine in; something in front of it turns them away",
    ("reloads", "slow-reload-thrash"): "nothing on the server makes it load anew; it stands for clients that do",
}


def within_reach(one):
    return any((one.id, cause) not in BEYOND for cause in one.expect.causes)


@pytest.mark.parametrize("one", filter(within_reach, curable_ones(bundled_playbooks())), ids=lambda one: one.id)
async def test_a_patient_with_a_remedy_is_cured(one, known, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    for cure in await treated(one, known):
        assert cure.fixed or cure.outcome == BY_HAND, cure
    assert list(tmp_path.iterdir()) == []
