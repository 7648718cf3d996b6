"""The check kv-cache on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import KvCache, LoadedModel, LoadedModels, ModelCard, Models, ServerProcess
from doctor.model import Origin
from tests.given import run_check, symptoms

GIB = 1 << 30
PER_TOKEN = 128 << 10  # 4 GiB at 32768 tokens, 1 GiB at 8192


def cache(window, slots=1, per_token=PER_TOKEN, origin="computed"):
    return KvCache(
        held_bytes=per_token * window * slots,
        bytes_per_token=per_token,
        window=window,
        slots=slots,
        origin=origin,
        basis="model's file",
    )


async def judged(found, missing, environment=None, *, parameters="", readable=True):
    size = 20 * GIB
    loaded = LoadedModels(models=(LoadedModel(name="m", size_bytes=size, vram_bytes=int(size - missing)),))
    process = ServerProcess(pid=1, name="ollama", environment=environment or {}, environment_readable=readable)
    facts = [Models(names=("m",), chosen="m"), ModelCard(name="m", parameters_text=parameters), found, loaded, process]
    return await run_check("kv-cache", facts)


@pytest.mark.parametrize(
    ("found", "missing", "expected"),
    [
        (cache(32_768), 0, []),
        (cache(32_768), 2 * GIB, ["kv-cache-chosen-by-runtime"]),
        (cache(24_000), GIB, ["kv-cache-large"]),
        (cache(32_768), 6 * GIB, []),
        (cache(8_192), GIB // 2, []),
        (cache(8_192, slots=4), 2 * GIB, ["kv-cache-multiplied"]),
        (cache(8_192, slots=4), 4 * GIB, []),
        (cache(32_768, per_token=PER_TOKEN // 6), 2 * GIB, []),  # a model with sliding windows saves too little
        (cache(131_072, per_token=PER_TOKEN // 6), 2 * GIB, ["kv-cache-large"]),
    ],
)
async def test_the_cache_is_blamed_when_a_smaller_one_would_fit(found, missing, expected):
    assert symptoms(await judged(found, missing)) == expected


@pytest.mark.parametrize(
    "settings",
    [
        {"environment": {"OLLAMA_CONTEXT_LENGTH": "32768"}},
        {"parameters": "num_ctx 32768"},
        {"readable": False},
    ],
)
async def test_a_window_that_somebody_set_or_may_have_set_is_not_the_runtimes(settings):
    assert symptoms(await judged(cache(32_768), 2 * GIB, **settings)) == ["kv-cache-large"]


async def test_whose_number_it_is_is_said():
    probed = await judged(cache(32_768, origin="probed"), 0)
    assert (probed.evidence[0].origin, probed.evidence[0].value) == (Origin.PROBED, 4 * GIB)
    assert (await judged(cache(32_768), 0)).evidence[0].origin is Origin.COMPUTED


async def test_a_model_elsewhere_is_skipped():
    with pytest.raises(Skip, match="another machine"):
        await run_check("kv-cache", [Models(names=("m",), chosen="m", remote=True), cache(32_768)])
