"""The check memory-lock on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ModelCard, ServerProcess
from tests.given import run_check, symptoms

GIB = 1 << 30
CARD = ModelCard(name="m", size_bytes=8 * GIB)


def server(locked, limit=8 << 20, command=("llama-server", "--mlock")):
    return ServerProcess(pid=1, name="llama-server", command=command, locked_bytes=locked, lock_limit_bytes=limit)


async def test_a_refused_lock_is_seen():
    verdict = await run_check("memory-lock", [server(0), CARD])
    assert symptoms(verdict) == ["mlock-refused"]
    assert "the system allows 8 MiB" in verdict.findings[0].summary


@pytest.mark.parametrize("process", [server(8 * GIB), server(0, limit=None)])
async def test_a_locked_model_or_no_limit_is_healthy(process):
    assert symptoms(await run_check("memory-lock", [process, CARD])) == []


async def test_the_load_mode_asks_for_a_lock_too():
    process = server(0, command=("llama-server", "--load-mode", "mmap+mlock"))
    assert symptoms(await run_check("memory-lock", [process, CARD])) == ["mlock-refused"]


async def test_without_the_option_there_is_nothing_to_judge():
    with pytest.raises(Skip, match="not told to lock"):
        await run_check("memory-lock", [server(0, command=("llama-server",)), CARD])
