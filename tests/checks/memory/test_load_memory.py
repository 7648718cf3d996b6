"""The check load-memory on given facts, with the words of real servers (ollama/ollama threads, driver messages)."""

import pytest

from doctor.errors import Skip
from doctor.facts import Exchange, Gpus, Memory, ModelCard, Reach, WarmUp
from tests.given import run_check, symptoms

GIB = 1 << 30
MACHINE = [
    Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open"),
    Memory(total_bytes=16 * GIB, available_bytes=12 * GIB),
    Gpus(),
]


def refused(error):
    return WarmUp(first=Exchange(purpose="warm-up", status=500, error=error))


async def test_an_answer_is_healthy():
    verdict = await run_check("load-memory", [WarmUp(first=Exchange(purpose="warm-up", status=200, content="ready"))])
    assert symptoms(verdict) == []


@pytest.mark.parametrize(
    ("error", "symptom"),
    [
        ("model requires more system memory (21.4 GiB) than is available (11.9 GiB)", "load-out-of-memory"),
        ("llama-server reported out-of-memory during startup: cudaMalloc failed: out of memory", "load-out-of-memory"),
        (
            "llama-server process has terminated: error loading model: unable to allocate CUDA0 buffer",
            "load-out-of-memory",
        ),
        ("llama runner process has terminated: error:failed to allocate compute pp buffers", "compute-buffer-failed"),
        (
            "failed to allocate buffer ggml_gallocr_reserve_n: failed to allocate Metal buffer of size 34681522080",
            "compute-buffer-failed",
        ),
        (
            "Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)",
            "metal-out-of-memory",
        ),
        ("error: failed to load mmproj: out of memory", "projector-out-of-memory"),
    ],
)
async def test_a_refusal_is_told_by_its_words(error, symptom):
    facts = [*MACHINE, ModelCard(name="m", size_bytes=8 * GIB), refused(error)]
    assert symptoms(await run_check("load-memory", facts)) == [symptom]


async def test_a_model_larger_than_the_machine_is_named():
    facts = [*MACHINE, ModelCard(name="m", size_bytes=40 * GIB), refused("out of memory")]
    assert symptoms(await run_check("load-memory", facts)) == ["load-out-of-memory", "model-larger-than-machine"]


@pytest.mark.parametrize("error", ["model 'x' not found", "Invalid API Key", "the memory of the assistant is good"])
async def test_other_refusals_are_left_to_other_checks(error):
    with pytest.raises(Skip, match="another reason"):
        await run_check("load-memory", [refused(error)])
