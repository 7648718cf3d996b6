"""The check container-memory on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Identity, Memory, Reach, ServerProcess, System
from tests.given import run_check, symptoms

GIB = 1 << 30
HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
VLLM = Identity(runtime="vllm", state="ready")
LLAMA = Identity(runtime="llama.cpp", state="ready")


def server(limit_gib, used_gib, kills=0, command=(), readable=True):
    return ServerProcess(
        pid=1,
        name="server",
        command=command,
        environment_readable=readable,
        memory_limit_bytes=int(limit_gib * GIB),
        memory_limit_used_bytes=int(used_gib * GIB),
        oom_kills=kills,
    )


async def test_a_limit_with_room_is_healthy():
    verdict = await run_check("container-memory", [HERE, server(16, 8), LLAMA])
    assert symptoms(verdict) == []
    assert verdict.evidence[0].label == "memory limit"


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (server(16, 15.8), "container-memory-tight"),
        (server(16, 4, kills=2), "container-killed"),
    ],
)
async def test_a_reached_limit_is_seen(process, expected):
    assert symptoms(await run_check("container-memory", [HERE, process, VLLM])) == [expected]


async def test_a_prompt_cache_that_outgrows_the_limit_is_named_instead():
    verdict = await run_check("container-memory", [HERE, server(8, 7.9, kills=1), LLAMA])
    assert symptoms(verdict) == ["prompt-cache-outgrows-container"]


@pytest.mark.parametrize(
    "process",
    [
        server(8, 7.9, command=("llama-server", "--cache-ram", "512")),
        server(8, 7.9, readable=False),
        server(64, 63.9),
    ],
)
async def test_a_small_or_unknown_prompt_cache_is_not_blamed(process):
    assert symptoms(await run_check("container-memory", [HERE, process, LLAMA])) == ["container-memory-tight"]


async def test_inside_the_servers_container_our_own_limit_is_its_limit():
    memory = Memory(total_bytes=64 * GIB, available_bytes=32 * GIB, limit_bytes=4 * GIB, limit_used_bytes=4 * GIB)
    facts = [HERE, memory, System(os="linux", container="docker"), VLLM]
    assert symptoms(await run_check("container-memory", facts)) == ["container-memory-tight"]


async def test_our_own_limit_says_nothing_about_a_server_outside_it():
    memory = Memory(total_bytes=64 * GIB, available_bytes=32 * GIB, limit_bytes=4 * GIB, limit_used_bytes=4 * GIB)
    facts = [HERE, memory, System(os="linux", container="docker"), ServerProcess(pid=1, name="server")]
    with pytest.raises(Skip, match="no memory limit"):
        await run_check("container-memory", facts)
