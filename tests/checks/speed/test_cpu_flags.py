"""The check cpu-flags on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Cpu, LoadedModel, LoadedModels, Reach, System
from tests.given import run_check, symptoms

HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
X86 = System(os="linux", arch="x86_64")


def cpu(*flags):
    return Cpu(name="QEMU Virtual CPU", flags=flags, flags_known=True)


def loaded(vram):
    return LoadedModels(models=(LoadedModel(name="m", size_bytes=100, vram_bytes=vram),))


async def test_a_processor_without_vector_units_is_seen():
    verdict = await run_check("cpu-flags", [HERE, X86, cpu("sse", "sse4_2"), loaded(100)])
    assert symptoms(verdict) == ["cpu-without-avx"]
    assert "no avx and no avx2" in verdict.findings[0].summary


async def test_a_missing_avx2_counts_only_where_the_processor_works():
    assert symptoms(await run_check("cpu-flags", [HERE, X86, cpu("avx"), loaded(0)])) == ["cpu-without-avx"]
    assert symptoms(await run_check("cpu-flags", [HERE, X86, cpu("avx"), loaded(100)])) == []


async def test_a_usual_processor_is_healthy():
    assert symptoms(await run_check("cpu-flags", [HERE, X86, cpu("avx", "avx2")])) == []


@pytest.mark.parametrize(("system", "processor"), [(System(os="linux", arch="aarch64"), cpu("asimd")), (X86, Cpu())])
async def test_arm_and_unknown_flags_are_skipped(system, processor):
    with pytest.raises(Skip):
        await run_check("cpu-flags", [HERE, system, processor])
