"""The kv-cache-type check on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import ServerProcess
from tests.given import run_check, symptoms


@pytest.mark.parametrize(
    ("command", "environment", "expected"),
    [
        ((), {}, []),
        (("-ctk", "q8_0", "-ctv", "q8_0"), {}, []),
        (("-ctk", "q8_0", "--cache-type-v=q4_0"), {}, ["kv-cache-few-bits"]),
        ((), {"OLLAMA_KV_CACHE_TYPE": "q4_0"}, ["kv-cache-few-bits"]),
    ],
)
async def test_each_format_is_judged(command: tuple, environment: dict, expected: list[str]) -> None:
    process = ServerProcess(
        pid=7, name="llama-server", command=command, environment=environment, environment_readable=True
    )

    assert symptoms(await run_check("kv-cache-type", [process])) == expected


async def test_a_process_that_says_nothing_is_not_judged() -> None:
    with pytest.raises(Skip, match="environment"):
        await run_check("kv-cache-type", [ServerProcess(pid=7, name="ollama")])
