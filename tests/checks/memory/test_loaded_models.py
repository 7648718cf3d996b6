"""The checks loaded-models and kv-cache on given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import LoadedModel, LoadedModels, ModelCard, Models, ServerProcess, Window
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Models(names=("m",), chosen="m")
# 2 x 32 layers x 8 heads x 128 values x 2 bytes = 128 KiB a token: 4 GiB at 32768 tokens, 1 GiB at 8192
CARD = ModelCard(name="m", layers=32, kv_heads=8, head_length=128)


def loaded(*models):
    return LoadedModels(
        models=tuple(LoadedModel(name=name, size_bytes=size, vram_bytes=vram) for name, size, vram in models)
    )


def process(**environment):
    return ServerProcess(pid=1, name="ollama", environment=environment, environment_readable=True)


@pytest.mark.parametrize(
    ("models", "expected"),
    [
        ([], []),
        ([("m", 10, 6)], []),
        ([("m", 10, 10), ("e", 2, 2)], []),
        ([("m", 10, 6), ("e", 5, 5)], ["models-compete"]),
        ([("m", 10, 6), ("e", 1, 1)], []),
        ([("m", 10, 0), ("e", 5, 0)], []),
    ],
)
async def test_models_compete_when_the_others_hold_what_is_missing(models, expected):
    assert symptoms(await run_check("loaded-models", [HERE, loaded(*models)])) == expected


async def test_several_models_without_sizes_are_not_judged():
    with pytest.raises(Skip, match="how much memory"):
        await run_check("loaded-models", [HERE, loaded(("m", None, None), ("e", None, None))])


@pytest.mark.parametrize(
    ("window", "missing", "environment", "expected"),
    [
        (32_768, 0, {}, []),
        (32_768, 2 * GIB, {"OLLAMA_CONTEXT_LENGTH": "32768"}, ["kv-cache-large"]),
        (32_768, 2 * GIB, {}, ["kv-cache-chosen-by-runtime"]),
        (24_000, GIB, {}, ["kv-cache-large"]),
        (32_768, 6 * GIB, {}, []),
        (8_192, GIB // 2, {}, []),
        (8_192, 2 * GIB, {"OLLAMA_NUM_PARALLEL": "4"}, ["kv-cache-multiplied"]),
        (32_768, 2 * GIB, {"OLLAMA_KV_CACHE_TYPE": "q4_0"}, []),
    ],
)
async def test_the_cache_is_blamed_when_a_smaller_one_would_fit(window, missing, environment, expected):
    facts = [
        HERE,
        CARD,
        Window(per_request=window),
        loaded(("m", 20 * GIB, 20 * GIB - missing)),
        process(**environment),
    ]

    assert symptoms(await run_check("kv-cache", facts)) == expected


async def test_the_size_of_the_cache_is_the_formula_s():
    verdict = await run_check("kv-cache", [HERE, CARD, Window(per_request=32_768), loaded(("m", 1, 1)), process()])

    assert verdict.evidence[0].value == 4 * GIB


@pytest.mark.parametrize(
    "card",
    [
        msgspec.structs.replace(CARD, kv_heads=None),
        msgspec.structs.replace(CARD, metadata={"gemma3.attention.sliding_window": 1024}),
        msgspec.structs.replace(CARD, metadata={"deepseek2.attention.kv_lora_rank": 512}),
    ],
    ids=["heads not told", "sliding window", "latent attention"],
)
async def test_shapes_that_the_dense_formula_does_not_fit_are_not_judged(card):
    with pytest.raises(Skip):
        await run_check("kv-cache", [HERE, card, Window(per_request=32_768), loaded(("m", 10, 5))])
