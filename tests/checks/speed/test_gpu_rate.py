"""The check gpu-rate on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import DecodeBound, DecodeSpeed, Exchange, Gpu, GpusAtWork, ServerProcess, Slots, System, Tenant
from tests.given import run_check, symptoms

GIB = 1 << 30
LINUX, WINDOWS = System(os="linux"), System(os="windows")
SERVER = ServerProcess(pid=100, name="llama-server")
RUNNER = Tenant(pid=100, name="llama-server", utilisation=0.9)


def at_work(used_gib=12.0, throttle=(), tenants=(RUNNER,)):
    gpu = Gpu(
        index=0,
        name="RTX 3090",
        vendor="nvidia",
        memory_total_bytes=24 * GIB,
        memory_used_bytes=int(used_gib * GIB),
        utilisation=0.9,
        throttle=throttle,
        tenants=tenants,
        source="NVML",
    )
    return GpusAtWork(devices=(gpu,), samples=3)


def measured(tok_s, share=1.0, draft=None, advise_only=False):
    exchange = Exchange(purpose="decode speed", status=200)
    bound = DecodeBound(
        best_tok_s=100,
        best_slow_below_tok_s=60,
        placed_tok_s=100,
        placed_very_slow_below_tok_s=36,
        gpu_share=share,
        advise_only=advise_only,
        why_advise_only="it is too small" if advise_only else "",
    )
    return bound, DecodeSpeed(exchange=exchange, tok_s=tok_s, tokens=96, source="stream", draft_tokens=draft)


async def test_a_gpu_at_its_speed_is_healthy():
    assert symptoms(await run_check("gpu-rate", [at_work(), *measured(70), LINUX, SERVER])) == []


async def test_a_whole_model_far_below_the_bound_is_seen():
    assert symptoms(await run_check("gpu-rate", [at_work(), *measured(20), LINUX, SERVER])) == [
        "full-offload-still-slow"
    ]


async def test_the_libraries_that_compute_are_named():
    server = ServerProcess(pid=100, name="llama-server", backends=("vulkan",))
    (finding,) = (await run_check("gpu-rate", [at_work(), *measured(20), LINUX, server])).findings
    assert "It computes with vulkan." in finding.summary


async def test_a_full_card_under_windows_is_paged():
    facts = [at_work(used_gib=23.9), *measured(20), WINDOWS, SERVER]
    assert symptoms(await run_check("gpu-rate", facts)) == ["gpu-memory-spilled"]


@pytest.mark.parametrize(
    ("facts", "reason"),
    [
        ((at_work(throttle=("thermal",)), *measured(20), SERVER), "held down"),
        ((at_work(), *measured(20, share=0.5), SERVER), "wholly on the GPU"),
        ((at_work(), *measured(20, draft=9), SERVER), "draft"),
        ((at_work(), *measured(20, advise_only=True), SERVER), "too small"),
        ((at_work(tenants=(RUNNER, Tenant(pid=7, name="game", utilisation=0.4))), *measured(20), SERVER), "others"),
        ((at_work(), *measured(20), SERVER, Slots(total=4, busy=1)), "others"),
    ],
)
async def test_another_explanation_is_no_verdict(facts, reason):
    with pytest.raises(Skip, match=reason):
        await run_check("gpu-rate", [*facts, LINUX])
