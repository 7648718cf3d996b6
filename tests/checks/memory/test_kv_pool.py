"""The check kv-pool on given facts."""

import msgspec
import pytest

from doctor.errors import Skip
from doctor.facts import CachePool
from tests.given import run_check, symptoms

POOL = CachePool(
    tokens=39_024,
    window=4096,
    usage=0.98,
    waiting=3,
    running=12,
    preempted_since_start=7,
    preempted=0,
    seconds=2.0,
    source="GET /metrics",
)


async def judged(**changes):
    return await run_check("kv-pool", [msgspec.structs.replace(POOL, **changes)])


async def test_a_full_pool_with_requests_waiting_is_named_with_its_size():
    found = await judged()
    assert symptoms(found) == ["kv-pool-full"]
    assert "98 % of 39024 tokens of cache, 9.5 windows of 4096 is in use by 12 requests, 3 wait" in (
        found.findings[0].summary
    )


async def test_a_request_that_was_thrown_out_meanwhile_is_enough():
    assert symptoms(await judged(usage=0.5, waiting=0, preempted=1)) == ["kv-pool-full"]


@pytest.mark.parametrize(
    "changes",
    [
        {"usage": 0.94},
        {"waiting": 0},
        {"seconds": 0.0},  # one reading is a moment, no state
        {"usage": 0.0, "waiting": 0, "preempted_since_start": 5000},
        {"tokens": 4096, "usage": 0.0, "waiting": 0},
    ],
)
async def test_a_pool_with_room_and_old_counts_are_healthy(changes):
    assert symptoms(await judged(**changes)) == []


async def test_a_pool_below_one_window_is_too_small_at_any_time():
    assert symptoms(await judged(tokens=4095, usage=0.0, waiting=0)) == ["kv-pool-below-window"]


async def test_without_a_window_nothing_is_judged():
    with pytest.raises(Skip, match="how large its window"):
        await judged(window=0)
