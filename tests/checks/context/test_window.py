"""The checks window, context-shift and template-roles on given facts."""

import pytest

from doctor.errors import Skip
from doctor.facts import Identity, Models, Rendered, ServerProcess, Window
from tests.given import run_check, symptoms

HERE = Models(names=("m",), chosen="m")
LLAMA = Identity(runtime="llama.cpp", state="ready", name="llama.cpp server")


def server(*command, **environment):
    return ServerProcess(pid=1, name=command[0], command=command, environment=environment, environment_readable=True)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window(per_request=4096, trained=4096, total=4096, slots=1), []),
        (Window(per_request=16384, trained=131072), []),
        (Window(per_request=8192, trained=131072), []),
        (Window(per_request=512, trained=512), []),
        (Window(per_request=4096, trained=16384, total=4096, slots=4), ["window-below-trained"]),
        (Window(per_request=4096, trained=131072), ["window-below-trained"]),
        (Window(per_request=1024), ["window-tiny"]),
        (Window(per_request=2048, trained=131072), ["window-below-trained"]),
        (Window(per_request=512, trained=4096, total=512, slots=4), ["window-tiny"]),
        (Window(per_request=512, trained=4096, total=2048, slots=4), ["slot-share-small"]),
        (Window(per_request=1024, trained=4096, total=4096, slots=4), ["slot-share-small"]),
        (Window(per_request=8192, trained=131072, total=32768, slots=4), []),
    ],
)
async def test_windows_are_told_apart(window, expected):
    assert symptoms(await run_check("window", [HERE, window])) == expected


async def test_a_window_below_the_trained_one_is_only_a_note():
    verdict = await run_check("window", [HERE, Window(per_request=4096, trained=131072)])

    assert [finding.severity for finding in verdict.findings] == ["note"]


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (server("/usr/bin/llama-server", "-m", "a.gguf"), ["window-shrunk-to-fit"]),
        (server("/usr/bin/llama-server", "-m", "a.gguf", "-c", "9000"), []),
        (server("/usr/bin/llama-server", "--fit=off"), []),
        (server("/usr/bin/llama-server", LLAMA_ARG_CTX_SIZE="9000"), []),
        (server("/usr/bin/python3", "serve.py"), []),
    ],
)
async def test_a_window_nobody_asked_for_was_shrunk_by_the_runtime(process, expected):
    facts = [HERE, LLAMA, process, Window(per_request=9216, trained=40960, slots=4, total=9216)]

    assert symptoms(await run_check("window", facts)) == expected


async def test_a_model_on_another_machine_is_not_judged():
    with pytest.raises(Skip, match="another machine"):
        await run_check("window", [Models(names=("m",), chosen="m", remote=True), Window(per_request=512)])


@pytest.mark.parametrize(
    ("process", "expected"),
    [
        (server("llama-server"), []),
        (server("llama-server", "--context-shift"), ["context-shift-on"]),
        (server("llama-server", LLAMA_ARG_CONTEXT_SHIFT="1"), ["context-shift-on"]),
        (server("llama-server", LLAMA_ARG_CONTEXT_SHIFT="0"), []),
    ],
)
async def test_a_shift_that_was_asked_for_is_noted(process, expected):
    verdict = await run_check("context-shift", [LLAMA, process])

    assert symptoms(verdict) == expected
    assert all(finding.severity == "note" for finding in verdict.findings)


@pytest.mark.parametrize(
    "facts", [[LLAMA, server("python3")], [Identity(runtime="ollama", state="ready", name="Ollama"), server("ollama")]]
)
async def test_servers_that_do_not_say_whether_they_shift_are_not_judged(facts):
    with pytest.raises(Skip):
        await run_check("context-shift", facts)


@pytest.mark.parametrize(
    ("refusals", "expected"),
    [
        ({}, []),
        ({"two_users": "roles must alternate"}, ["template-refuses-alternation"]),
        ({"chat": "System role not supported"}, ["template-refuses-system"]),
    ],
)
async def test_a_strict_template_is_a_note(refusals, expected):
    verdict = await run_check("template-roles", [Rendered(chat=None, user_only="one", refusals=refusals)])

    assert symptoms(verdict) == expected
    assert all(finding.severity == "note" for finding in verdict.findings)


async def test_a_server_that_renders_nothing_proves_nothing():
    with pytest.raises(Skip, match="single question"):
        await run_check("template-roles", [Rendered(chat=None, refusals={"user_only": "no template"})])
