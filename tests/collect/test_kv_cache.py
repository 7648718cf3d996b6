"""The KV cache from the model's file where it is known, else from the runtime's metadata."""

import msgspec
import pytest

from doctor.collect.kv_cache import collect_kv_cache
from doctor.errors import Skip
from doctor.facts import Footprint, ModelCard, ServerProcess, Window
from tests.given import given

# 2 x 32 layers x 8 heads x 128 values x 2 bytes = 128 KiB a token
CARD = ModelCard(name="m", layers=32, kv_heads=8, head_length=128)
FOOTPRINT = Footprint(
    path="/m.gguf",
    weights_bytes=5 << 30,
    kv_bytes=700 << 20,
    compute_bytes=1 << 28,
    margin_bytes=1 << 24,
    bytes_per_token=20_000,
    context=65_536,
    slots=2,
)


async def found(*facts):
    return await collect_kv_cache(given([CARD, Window(per_request=32_768), *facts]))


async def test_the_files_numbers_come_first():
    cache = await found(FOOTPRINT)
    assert (cache.held_bytes, cache.bytes_per_token) == (700 << 20, 20_000)
    assert (cache.window, cache.slots, cache.origin) == (32_768, 2, "computed")
    assert (await found(msgspec.structs.replace(FOOTPRINT, origin="probed"))).origin == "probed"


async def test_without_the_file_the_dense_formula_counts():
    assert (await found()).held_bytes == 4 << 30
    environment = {"OLLAMA_NUM_PARALLEL": "4", "OLLAMA_KV_CACHE_TYPE": "q8_0"}
    cache = await found(ServerProcess(pid=1, name="ollama", environment=environment))
    assert (cache.held_bytes, cache.slots) == (int((4 << 30) * 4 * 34 / 64), 4)
    assert (await found(Window(per_request=8192, total=32_768))).held_bytes == 4 << 30


@pytest.mark.parametrize(
    "card",
    [
        msgspec.structs.replace(CARD, kv_heads=None),
        msgspec.structs.replace(CARD, metadata={"gemma3.attention.sliding_window": 1024}),
        msgspec.structs.replace(CARD, metadata={"deepseek2.attention.kv_lora_rank": 512}),
    ],
    ids=["heads not told", "sliding window", "latent attention"],
)
async def test_shapes_that_the_dense_formula_does_not_fit_need_the_file(card):
    with pytest.raises(Skip):
        await found(card)
    assert (await found(card, FOOTPRINT)).held_bytes == 700 << 20
