"""The check swap on given facts."""

import pytest

from doctor.facts import Identity, Memory, ModelCard, Reach, Swapping
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
ANSWERS = Identity(runtime="ollama", state="ready")


def facts(in_bytes_s, available_gib, reread_bytes_s=0.0, model_gib=4):
    return [
        HERE,
        ANSWERS,
        Swapping(in_bytes_s=in_bytes_s, out_bytes_s=0, reread_bytes_s=reread_bytes_s, seconds=1.5),
        Memory(total_bytes=16 * GIB, available_bytes=int(available_gib * GIB)),
        ModelCard(name="m", size_bytes=model_gib * GIB),
    ]


@pytest.mark.parametrize("given", [facts(20e6, 0.3), facts(0, 8, reread_bytes_s=400e6, model_gib=40)])
async def test_reading_back_while_decoding_is_swapping(given):
    verdict = await run_check("swap", given)
    assert symptoms(verdict) == ["swapping"]
    assert "a second" in verdict.findings[0].summary


@pytest.mark.parametrize(
    "given",
    [
        facts(0, 8),
        facts(20e6, 10),  # old pages of idle programs come back, RAM is plentiful
        facts(0.2e6, 0.3),
        facts(0, 8, reread_bytes_s=400e6),  # somebody copies files; the model fits
    ],
)
async def test_quiet_machines_and_other_traffic_are_healthy(given):
    assert symptoms(await run_check("swap", given)) == []
