"""The answer-parsing check on given facts, and the cause that it proves together with what the answers show."""

import pytest

from doctor.api import Finding, Identity, ServerProcess, Skip, probed
from doctor.check import Check
from doctor.diagnose import diagnose
from doctor.model import Result, Status
from doctor.plugins import bundled_checks, bundled_playbooks
from tests.given import run_check, symptoms

LLAMA = Identity(runtime="llama.cpp", state="ready")
SIGN = probed("answer", "x", "", "probe T1")
VARIABLE = "LLAMA_ARG_SKIP_CHAT_PARSING"


def process(*words: str, **variables: str) -> ServerProcess:
    return ServerProcess(
        pid=7, name="llama-server", command=("llama-server", *words), environment=variables, environment_readable=True
    )


@pytest.mark.parametrize(
    ("server", "expected"),
    [
        (process(), []),
        (process("--jinja"), []),
        (process("--skip-chat-parsing"), ["parsing-skipped"]),
        (process("--no-skip-chat-parsing"), []),
        (process(**{VARIABLE: "1"}), ["parsing-skipped"]),
        (process(**{VARIABLE: "off"}), []),
        (process("--skip-chat-parsing", "--no-skip-chat-parsing"), []),
        (process("--no-skip-chat-parsing", **{VARIABLE: "1"}), []),
    ],
)
async def test_the_option_and_its_variable_are_found(server: ServerProcess, expected: list[str]) -> None:
    assert symptoms(await run_check("answer-parsing", [LLAMA, server])) == expected


async def test_what_stands_in_front_of_the_server_shows_no_options() -> None:
    nginx = ServerProcess(pid=7, name="nginx", command=("nginx", "-g", "daemon off;"))
    for check in ("answer-parsing", "forced-grammar", "context-shift"):
        with pytest.raises(Skip, match="not llama-server itself"):
            await run_check(check, [LLAMA, nginx])


@pytest.mark.parametrize(
    "words",
    [
        ("/usr/bin/llama-server", "-m", "x"),
        ("C:\\llama\\llama-server.exe",),
        ("python", "-P", "/tmp/x/llama-server"),
        ("run.sh",),
    ],
)
async def test_an_option_that_is_there_is_seen_whatever_program_shows_it(words: tuple[str, ...]) -> None:
    server = ServerProcess(pid=7, name="x", command=(*words, "--skip-chat-parsing"))
    assert symptoms(await run_check("answer-parsing", [LLAMA, server])) == ["parsing-skipped"]


async def test_other_servers_have_no_such_option() -> None:
    with pytest.raises(Skip, match="no such option"):
        await run_check("answer-parsing", [Identity(runtime="vllm", state="ready"), process("--skip-chat-parsing")])


@pytest.mark.parametrize(
    ("seen", "causes"),
    [
        (("parsing-skipped", "tool-call-as-text", "schema-ignored"), ["tool-parsing-skipped"]),
        (("parsing-skipped", "think-tag-leak"), ["tool-parsing-skipped"]),
        (("tool-call-as-text", "schema-ignored"), ["struct-schema-ignored", "tool-parser-wrong"]),
        (("parsing-skipped",), []),
    ],
)
def test_with_the_option_one_cause_stands_for_what_the_answers_show(seen: tuple[str, ...], causes: list[str]) -> None:
    checks = bundled_checks()
    results = [result(check, seen) for check in checks if any(symptom.id in seen for symptom in check.symptoms)]
    found = diagnose(results, checks, bundled_playbooks(), runtime="llama.cpp")
    assert sorted(cause.id for cause in found.causes if cause.verdict == "confirmed") == causes


def result(check: Check, seen: tuple[str, ...]) -> Result:
    """What the check would say, had it seen those of its symptoms."""
    findings = [
        Finding(
            symptom=symptom.id, severity=symptom.severity, subject="server", summary=symptom.title, evidence=(SIGN,)
        )
        for symptom in check.symptoms
        if symptom.id in seen
    ]
    return Result(id=check.id, category=check.category, status=Status.FAILED, findings=tuple(findings))
