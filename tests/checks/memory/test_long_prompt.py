"""The check long-prompt on given facts, with words of real servers (issue threads of MLX, LM Studio and llama.cpp)."""

import pytest

from doctor.errors import Skip
from doctor.facts import CanaryText, Exchange, WarmUp
from tests.given import run_check, symptoms

WARM = WarmUp(first=Exchange(purpose="P01", status=200, content="ready"))


async def judged(error="", status=500, warm=WARM):
    asked = Exchange(purpose="canary of 40 blocks", status=status, error=error, route="POST /v1/chat/completions")
    return await run_check("long-prompt", [warm, CanaryText(exchange=asked, needles=(), words=3600)])


@pytest.mark.parametrize(
    ("error", "symptom"),
    [
        (
            "[metal::malloc] Attempting to allocate 48736917632 bytes which is greater than the maximum allowed buffer "
            "size of 30150672384 bytes.",
            "metal-buffer-too-large",
        ),
        ("Insufficient Memory (00000008:kIOGPUCommandBufferCallbackErrorOutOfMemory)", "long-prompt-metal-memory"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", "long-prompt-out-of-memory"),
        ("ggml_vulkan: vk::Device::allocateMemory: ErrorOutOfDeviceMemory", "long-prompt-out-of-memory"),
    ],
)
async def test_a_refusal_of_a_long_text_is_told_by_its_words(error, symptom):
    found = await judged(error)
    assert symptoms(found) == [symptom]
    assert "a text of 3600 words refused" in found.findings[0].summary


async def test_an_answer_is_healthy():
    assert symptoms(await judged(status=200)) == []


@pytest.mark.parametrize("error", ["the request exceeds the available context size", "Invalid API Key"])
async def test_other_refusals_are_left_to_other_checks(error):
    with pytest.raises(Skip, match="another reason"):
        await judged(error, status=400)


async def test_a_model_that_does_not_answer_at_all_is_left_to_load_memory():
    with pytest.raises(Skip, match="short request either"):
        await judged("out of memory", warm=WarmUp(first=Exchange(purpose="P01", status=500, error="out of memory")))
