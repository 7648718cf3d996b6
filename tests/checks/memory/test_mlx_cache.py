"""The check mlx-cache on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Footprint, Identity, Memory, ServerProcess
from tests.given import run_check, symptoms

GIB = 1 << 30
MODEL = Footprint(
    path="/m",
    weights_bytes=4 * GIB,
    kv_bytes=GIB,
    compute_bytes=0,
    margin_bytes=0,
    bytes_per_token=GIB >> 13,  # 4 GiB for a conversation of 32768 tokens
    context=8192,
    grows=True,
)


async def judged(rss_gib, *options, runtime="mlx-lm", total_gib=32, **other):
    server = ServerProcess(
        pid=1,
        name="python",
        command=("mlx_lm.server", *options),
        rss_bytes=None if rss_gib is None else int(rss_gib * GIB),
        **other,
    )
    memory = Memory(total_bytes=total_gib * GIB, available_bytes=GIB)
    return await run_check("mlx-cache", [Identity(runtime=runtime, state="ready"), MODEL, server, memory])


async def test_what_nothing_but_kept_caches_explains_is_named_with_the_settings():
    found = await judged(18)  # 12 GiB explained, 4.8 GiB are 15 % of the machine
    assert symptoms(found) == ["mlx-cache-grown"]
    assert "12.0 GiB would be enough" in found.findings[0].summary
    assert found.findings[0].evidence[-1].value == "none in bytes, 10 prompts"


@pytest.mark.parametrize(("rss_gib", "total_gib"), [(12, 32), (16, 32), (18, 128)])
async def test_a_model_with_a_long_conversation_or_a_large_machine_is_healthy(rss_gib, total_gib):
    assert symptoms(await judged(rss_gib, total_gib=total_gib)) == []


async def test_a_limit_that_was_set_is_shown():
    found = await judged(18, "--prompt-cache-size", "2")
    assert found.findings[0].evidence[-1].value == "2"


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"runtime": "llama.cpp"}, "not mlx"), ({"rss_gib": None}, "cannot be read"), ({"tunnel": True}, "cannot be")],
)
async def test_what_cannot_be_judged_is_skipped(changes, reason):
    with pytest.raises(Skip, match=reason):
        await judged(**{"rss_gib": 18, **changes})
