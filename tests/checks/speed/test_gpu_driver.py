"""The check gpu-driver on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Gpu, Gpus, LoadedModel, LoadedModels, Reach, System
from doctor.model import Severity
from tests.given import run_check, symptoms

HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
DOCKER, PLAIN = System(os="linux", container="docker"), System(os="linux")
REFUSED = Gpus(notes=("the NVIDIA driver does not answer: Unknown Error",), fault="refused")
UPDATED = Gpus(notes=("the NVIDIA driver was updated and the old one is still loaded",), fault="restart-needed")
ON_THE_CARD = LoadedModels(models=(LoadedModel(name="m", size_bytes=10, vram_bytes=10),))
IN_RAM = LoadedModels(models=(LoadedModel(name="m", size_bytes=10, vram_bytes=0),))


async def test_a_device_that_the_kernel_forbids_in_a_container_is_lost():
    found = await run_check("gpu-driver", [HERE, REFUSED, DOCKER, IN_RAM])
    assert symptoms(found) == ["gpu-lost-in-container"]
    assert found.findings[0].severity is Severity.WARNING


async def test_the_same_refusal_outside_a_container_has_no_known_cause():
    assert symptoms(await run_check("gpu-driver", [HERE, REFUSED, PLAIN])) == []


async def test_a_driver_that_was_updated_needs_a_restart():
    assert symptoms(await run_check("gpu-driver", [HERE, UPDATED, PLAIN])) == ["driver-needs-restart"]


@pytest.mark.parametrize("gpus", [UPDATED, REFUSED])
async def test_a_model_that_is_still_on_the_card_makes_it_a_note_about_the_next_start(gpus):
    found = await run_check("gpu-driver", [HERE, gpus, DOCKER, ON_THE_CARD])
    assert found.findings[0].severity is Severity.NOTE
    assert "at its next start" in found.findings[0].summary


async def test_a_driver_that_answers_is_healthy():
    gpus = Gpus(devices=(Gpu(index=0, name="RTX 3060", vendor="nvidia"),))
    assert symptoms(await run_check("gpu-driver", [HERE, gpus, DOCKER])) == []


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ([HERE, Gpus()], "no NVIDIA driver"),
        ([HERE, Gpus(notes=("the NVIDIA driver does not answer: Timeout",))], "Timeout"),
        ([Reach(url="http://10.0.0.5", host="10.0.0.5", port=1, state="open"), UPDATED], "another machine"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(facts, reason):
    with pytest.raises(Skip, match=reason):
        await run_check("gpu-driver", facts)
