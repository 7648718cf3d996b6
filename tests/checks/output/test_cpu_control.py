"""The cpu-control check on given facts, and its probe on a façade of Ollama."""

import pytest

from doctor.collect.probes.echo import LINE
from doctor.errors import Skip
from doctor.facts import CpuControl, Echo, Exchange, LoadedModel, LoadedModels
from doctor.model import Depth
from tests.collect.probes.plain_server import asked
from tests.given import run_check, symptoms

FLOOD = Echo(expected=LINE, exchange=Exchange(purpose="P02", status=200, content="G" * 40), similarity=0.0)
SANE = Echo(expected=LINE, exchange=Exchange(purpose="P02", status=200, content=LINE), similarity=1.0)
ON_GPU = LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=100),))
ON_CPU = LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=0),))


def control(text: str, similarity: float) -> CpuControl:
    return CpuControl(first=0.1, exchange=Exchange(purpose="x", status=200, content=text), similarity=similarity)


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (control(LINE, 1.0), ["good-on-cpu"]),
        (control(LINE, 0.9), ["good-on-cpu"]),
        (control("zebra", 0.89), []),
        (control("G" * 40, 0.95), []),
        (control("", 0.0), []),
        (CpuControl(first=0.97), []),
    ],
)
async def test_a_right_copy_by_the_processor_convicts_the_gpu(fact: CpuControl, expected: list[str]) -> None:
    assert symptoms(await run_check("cpu-control", [fact])) == expected


async def test_one_request_is_computed_without_the_gpu() -> None:
    seen = []

    def respond(body: dict) -> dict:
        seen.append(body)
        return {"message": {"content": LINE}, "done_reason": "stop", "eval_count": 20}

    async with asked(respond, FLOOD, ON_GPU, runtime="ollama", depth=Depth.DEEP) as context:
        found = await context.fact(CpuControl)
    assert found.similarity == 1.0
    assert [body["options"]["num_gpu"] for body in seen] == [0]


async def test_after_a_sane_copy_nothing_is_asked() -> None:
    seen = []
    async with asked(lambda body: seen.append(body) or {}, SANE, ON_GPU, runtime="ollama", depth=Depth.DEEP) as context:
        found = await context.fact(CpuControl)
    assert (found.first, found.exchange, seen) == (1.0, None, [])


@pytest.mark.parametrize(
    ("facts", "runtime", "depth", "why"),
    [
        ((FLOOD, ON_GPU), "ollama", Depth.QUICK, "depth deep"),
        ((FLOOD, ON_GPU), "llama.cpp", Depth.DEEP, "only Ollama"),
        ((FLOOD, ON_CPU), "ollama", Depth.DEEP, "not on a GPU"),
        ((FLOOD, LoadedModels(models=())), "ollama", Depth.DEEP, "not on a GPU"),
    ],
)
async def test_without_garbage_from_a_gpu_there_is_no_control(
    facts: tuple, runtime: str, depth: Depth, why: str
) -> None:
    async with asked(lambda _: {}, *facts, runtime=runtime, depth=depth) as context:
        with pytest.raises(Skip, match=why):
            await context.fact(CpuControl)


async def test_a_model_that_does_not_load_without_the_gpu_is_no_proof() -> None:
    refusal = (500, {"error": "model requires more system memory"})
    async with asked(lambda _: refusal, FLOOD, ON_GPU, runtime="ollama", depth=Depth.DEEP) as context:
        with pytest.raises(Skip, match="more system memory"):
            await context.fact(CpuControl)
