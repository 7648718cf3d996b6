"""The gpu-output check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Echo, Exchange, FileHealth, Gpu, Gpus, LoadedModel, LoadedModels, Reach, ServerProcess, Tenant
from tests.given import run_check, symptoms

FLOOD = Echo(expected="line", exchange=Exchange(purpose="P02", status=200, content="G" * 40), similarity=0.0)
TEXT = Echo(expected="line", exchange=Exchange(purpose="P02", status=200, content="line"), similarity=1.0)
HALF = LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=30),), source="GET /api/ps")
NONE = LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=0),), source="GET /api/ps")
REACH = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
PROCESS = ServerProcess(pid=7, name="llama-server")
CARD = Gpus(devices=(Gpu(index=0, name="RTX 3060", vendor="nvidia", tenants=(Tenant(pid=7, name="llama-server"),)),))


async def test_a_flood_with_part_of_the_model_on_the_gpu_is_seen() -> None:
    verdict = await run_check("gpu-output", [FLOOD, HALF])

    assert symptoms(verdict) == ["glyph-flood-on-gpu"]
    assert "30 %" in str(verdict.findings[0].evidence)


async def test_a_flood_of_a_process_that_uses_the_gpu_is_seen() -> None:
    assert symptoms(await run_check("gpu-output", [FLOOD, PROCESS, CARD, REACH])) == ["glyph-flood-on-gpu"]


async def test_a_readable_answer_passes() -> None:
    assert symptoms(await run_check("gpu-output", [TEXT, HALF])) == []


async def test_a_machine_without_gpu_passes() -> None:
    assert symptoms(await run_check("gpu-output", [FLOOD, NONE, Gpus(), REACH])) == []


async def test_bad_weights_in_the_file_are_not_the_gpus_fault() -> None:
    bad = FileHealth(path="/m.gguf", size_bytes=1, bad_tensors=("norm",))

    with pytest.raises(Skip, match="norm"):
        await run_check("gpu-output", [FLOOD, HALF, bad])


async def test_without_proof_of_a_gpu_there_is_no_verdict() -> None:
    with pytest.raises(Skip, match="GPU"):
        await run_check("gpu-output", [FLOOD, NONE])
