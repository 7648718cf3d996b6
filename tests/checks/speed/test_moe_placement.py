"""The check moe-placement on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import LoadedModel, LoadedModels, ModelCard, ServerProcess
from tests.given import run_check, symptoms


def mixture(**other):
    return ModelCard(name="gpt-oss:20b", active_share=0.125, **other)


def on_gpu(share):
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=int(share * 100)),))


def server(*words, readable=True, **environment):
    return ServerProcess(
        pid=1, name="llama-server", command=words, environment=environment, environment_readable=readable
    )


@pytest.mark.parametrize(
    "facts",
    [
        (mixture(), server("llama-server", "-ngl", "20")),
        (mixture(parameters_text="num_gpu 20"), server("ollama", "serve")),
    ],
)
async def test_a_fixed_layer_count_divides_by_layers(facts):
    assert symptoms(await run_check("moe-placement", [*facts, on_gpu(0.6)])) == ["moe-split-by-layer"]


@pytest.mark.parametrize(
    ("process", "share"),
    [
        (server("llama-server", "-ngl", "99", "--n-cpu-moe", "12"), 0.6),
        (server("llama-server", "-ngl", "20", LLAMA_ARG_CPU_MOE="1"), 0.6),
        (server("llama-server"), 0.6),
        (server("llama-server", "-ngl", "20"), 1.0),
        (server("llama-server", "-ngl", "0"), 0.0),
    ],
)
async def test_experts_kept_apart_or_no_division_is_healthy(process, share):
    assert symptoms(await run_check("moe-placement", [mixture(), process, on_gpu(share)])) == []


@pytest.mark.parametrize(
    "facts",
    [
        (ModelCard(name="llama", active_share=1.0), server(), on_gpu(0.5)),
        (ModelCard(name="llama"), server(), on_gpu(0.5)),
        (mixture(), server(readable=False), on_gpu(0.5)),
    ],
)
async def test_what_is_not_known_is_skipped(facts):
    with pytest.raises(Skip):
        await run_check("moe-placement", facts)
