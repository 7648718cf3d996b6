"""The spill forecast on given footprints, and with a real engine's file, window and free memory."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import Footprint
from doctor.model import Origin, Severity
from tests.given import run_check, symptoms

GIB = 1 << 30
ROOMY = Footprint(
    path="/m.gguf",
    weights_bytes=5 * GIB,
    kv_bytes=GIB,
    compute_bytes=GIB // 4,
    margin_bytes=GIB // 100,
    bytes_per_token=131072,
    context=8192,
    free_bytes=12 * GIB,
    tokens_that_fit=98_304,
    where="GPU memory",
    trained_context=131_072,
)


async def judged(**changes):
    return await run_check("spill-forecast", [msgspec.structs.replace(ROOMY, **changes)])


async def test_room_for_a_long_context_is_no_finding():
    assert symptoms(await judged()) == []


async def test_a_limit_ahead_is_a_note_with_the_number():
    found = await judged(tokens_that_fit=11_264, free_bytes=GIB + GIB // 2)
    assert symptoms(found) == ["spill-ahead"]
    assert found.findings[0].severity is Severity.NOTE
    assert "more than about 11 000 tokens this will leave GPU memory" in found.findings[0].summary


async def test_a_cache_that_grows_into_the_limit_is_a_warning():
    found = await judged(grows=True, context=32_768, tokens_that_fit=11_264)
    assert found.findings[0].severity is Severity.WARNING
    assert "at about 11 000 tokens" in found.findings[0].summary


@pytest.mark.parametrize(
    "changes",
    [
        {"tokens_that_fit": 8192, "trained_context": 8192},
        {"tokens_that_fit": 512, "weights_bytes": 5 << 20, "kv_bytes": 12 << 20, "compute_bytes": 9 << 20},
        {"grows": True, "tokens_that_fit": 40_000},
    ],
)
async def test_a_model_that_needs_no_more_is_left_alone(changes):
    assert symptoms(await judged(**changes)) == []


async def test_a_model_without_a_cache_is_not_judged():
    with pytest.raises(Skip, match="does not grow"):
        await judged(bytes_per_token=0)


@pytest.mark.parametrize(
    ("changes", "origin", "value"),
    [
        ({}, Origin.COMPUTED, 6 * GIB + GIB // 4),
        ({"origin": "probed"}, Origin.PROBED, 6 * GIB + GIB // 4),
        ({"origin": "probed", "reported_bytes": 7 * GIB}, Origin.REPORTED, 7 * GIB),
    ],
)
async def test_the_most_trusted_number_is_shown_with_its_origin(changes, origin, value):
    needs = (await judged(**changes)).evidence[0]
    assert (needs.origin, needs.value) == (origin, value)


async def test_a_model_that_is_spread_is_not_forecast():
    with pytest.raises(Skip, match="several GPUs"):
        await judged(free_bytes=None, tokens_that_fit=None, where="", why_spread="spread over several GPUs")
