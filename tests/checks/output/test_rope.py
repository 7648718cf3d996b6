"""The rope check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ModelCard, ServerProcess
from tests.given import run_check, symptoms


def card(base: float) -> ModelCard:
    return ModelCard(name="m", architecture="llama", metadata={"llama.rope.freq_base": base})


@pytest.mark.parametrize("base", [1000.0, 10_000.0, 500_000.0, 8e6])
async def test_bases_of_known_models_pass(base: float) -> None:
    assert symptoms(await run_check("rope", [card(base)])) == []


async def test_a_base_that_no_model_has_is_seen() -> None:
    assert symptoms(await run_check("rope", [card(500.0)])) == ["rope-base-implausible"]


async def test_options_that_override_positions_are_a_note() -> None:
    process = ServerProcess(pid=7, name="llama-server", command=("llama-server", "--rope-freq-base", "500"))

    (finding,) = (await run_check("rope", [process])).findings

    assert (finding.symptom, finding.severity) == ("rope-overridden", "note")
    assert "--rope-freq-base 500" in finding.summary


async def test_without_metadata_and_process_there_is_no_verdict() -> None:
    with pytest.raises(Skip):
        await run_check("rope")
