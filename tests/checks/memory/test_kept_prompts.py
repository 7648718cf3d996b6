"""The check kept-prompts on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Footprint, Identity, Memory, ServerProcess
from doctor.model import Severity
from tests.given import run_check, symptoms

GIB = 1 << 30
MODEL = Footprint(
    path="/m.gguf",
    weights_bytes=5 * GIB,
    kv_bytes=GIB,
    compute_bytes=GIB // 4,
    margin_bytes=0,
    bytes_per_token=131072,
    context=8192,
)


async def judged(private_gib, available_gib, *options, readable=True, runtime="llama.cpp", **other):
    server = ServerProcess(
        pid=1,
        name="llama-server",
        command=("llama-server", *options),
        environment_readable=readable,
        private_bytes=None if private_gib is None else int(private_gib * GIB),
        **other,
    )
    memory = Memory(total_bytes=16 * GIB, available_bytes=int(available_gib * GIB))
    return await run_check("kept-prompts", [Identity(runtime=runtime, state="ready"), MODEL, server, memory])


async def test_a_cache_that_has_grown_and_has_no_room_for_the_rest_is_a_note():
    found = await judged(9.25, 3)  # 3 GiB more than the model explains, of 8
    assert symptoms(found) == ["prompt-cache-outgrows-ram"]
    assert found.findings[0].severity is Severity.NOTE
    assert "at least 3.0 GiB and may grow by 5.0 GiB more; 3.0 GiB RAM is available" in found.findings[0].summary


@pytest.mark.parametrize(
    ("private_gib", "available_gib", "options"),
    [
        (9.25, 6, ()),  # the rest of the limit fits
        (7, 0.5, ()),  # less than 1 GiB beyond the model: it may be the program
        (9.25, 1, ("--cache-ram", "2048")),  # it is at its limit already
        (9.25, 1, ("-cram", "0")),
    ],
)
async def test_a_cache_that_fits_or_has_not_grown_is_healthy(private_gib, available_gib, options):
    assert symptoms(await judged(private_gib, available_gib, *options)) == []


async def test_a_cache_without_a_limit_is_named_once_it_has_grown():
    found = await judged(9.25, 12, "--cache-ram", "-1")
    assert "without a limit" in found.findings[0].summary
    assert found.findings[0].evidence[-1].value == "none"
    assert symptoms(await judged(6, 12, "--cache-ram", "-1")) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"private_gib": None}, "cannot be read"),
        ({"readable": False}, "cannot be read"),
        ({"tunnel": True}, "cannot be read"),
        ({"runtime": "vllm"}, "keeps no old prompts"),
    ],
)
async def test_what_cannot_be_judged_is_skipped(changes, reason):
    with pytest.raises(Skip, match=reason):
        await judged(**{"private_gib": 9, "available_gib": 1, **changes})


@pytest.mark.parametrize(
    ("options", "environment", "mib"),
    [
        ((), {}, 8192),
        (("--cache-ram=512",), {}, 512),
        ((), {"LLAMA_ARG_CACHE_RAM": "0"}, 0),
        (("-cram", "-1"), {}, -1),
        (("-cram", "lots"), {}, 8192),
    ],
)
def test_the_limit_is_read_from_options_and_environment(options, environment, mib):
    words = ("llama-server", *options)
    server = ServerProcess(pid=1, name="x", command=words, environment=environment, environment_readable=True)
    assert server.prompt_cache_mib == mib
