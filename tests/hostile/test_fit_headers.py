"""Damaged headers through everything that `llm-doctor fit` does: a typed error or an answer, never a fault."""

import json
import os
import random
import time

import pytest

from doctor.collect.shape import read_model_file
from doctor.errors import DoctorError
from doctor.report import Look
from doctor.report.fit_json import as_json
from doctor.report.fit_text import as_text
from doctor.sizing.answer import answer
from doctor.sizing.fit import Room
from doctor.sizing.hardware import find
from doctor.sizing.settings import Settings
from doctor.ward.engine import PATIENT

CARD, RAM = find("RTX 3060"), find("DDR5-6000 x2")
ROOM = Room(device_bytes=12 << 30, host_bytes=32 << 30, name="card")
MUTATIONS = 1000
HEADER_BYTES = 4096  # keys of the architecture stand first; the vocabulary behind them is only walked over


@pytest.mark.timeout(240)
def test_a_thousand_damaged_models_are_answered_or_refused(tmp_path):
    whole = PATIENT.read_bytes()
    path = tmp_path / "m.gguf"
    chance = random.Random(11)
    answered, slowest_s = 0, 0.0
    for _ in range(MUTATIONS):
        mutated = bytearray(whole[: len(whole) // 40])
        for _ in range(chance.randint(1, 3)):
            mutated[chance.randrange(24, HEADER_BYTES)] = chance.choice([0, 1, 255, chance.randrange(256)])
        path.write_bytes(bytes(mutated))
        os.truncate(path, len(whole))
        began_s = time.process_time()
        try:
            model = read_model_file(path)
        except DoctorError:
            continue
        finally:
            slowest_s = max(slowest_s, time.process_time() - began_s)
        found = answer((model.path, model.size_bytes, model.shape), Settings(gpu_layers=3), ROOM, (CARD, RAM), 100)
        assert json.loads(as_json(found))["verdict"] in ("fits", "tight", "does-not-fit")
        assert "\x1b" not in as_text(found, Look())
        slowest_s = max(slowest_s, time.process_time() - began_s)
        answered += 1
    assert 100 < answered < MUTATIONS
    assert slowest_s < 2.0
