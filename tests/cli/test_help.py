"""Help, version, and the commands that exist."""

import pytest

from doctor import __version__
from doctor.cli.main import COMMANDS

CHECK_OPTIONS = {
    "--target", "--model", "--only", "--skip", "--depth", "--format", "--output", "-o", "--fail-on", "--deadline",
    "--api-key-file", "--plugins", "--no-color", "--baseline", "--keep", "--redact", "--include-content",
    "--stable-aliases",
}  # fmt: skip


@pytest.mark.parametrize("words", [["--version"], ["-V"]])
def test_the_version_is_one_line(doctor, words):
    ended = doctor(*words)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"llm-doctor {__version__}\n", "")


@pytest.mark.parametrize("words", [["--help"], ["-h"], *([name, "--help"] for name in COMMANDS)], ids=" ".join)
def test_help_is_on_stdout_and_no_failure(doctor, words):
    ended = doctor(*words)
    assert ended.returncode == 0
    assert ended.stdout.startswith("Usage: llm-doctor")
    assert ended.stderr == ""
    assert "\\b" not in ended.stdout
    assert max(map(len, ended.stdout.splitlines())) <= 80


def test_check_has_the_options_of_the_contract():
    from doctor.cli.check import check

    assert {name for param in check.params for name in param.opts} == CHECK_OPTIONS


def test_commands_are_those_that_work():
    assert list(COMMANDS) == [
        "check", "rag", "ask", "treat", "undo", "fit", "list", "explain", "demo", "replay", "show", "report", "diff",
        "history", "fixture", "config", "watch", "serve", "probe", "merge", "examples", "completion", "man",
    ]  # fmt: skip


def test_completion_offers_commands_and_options(doctor):
    env = {"_LLM_DOCTOR_COMPLETE": "bash_complete", "COMP_WORDS": "llm-doctor ch", "COMP_CWORD": "1"}
    assert doctor(env=env).stdout == "plain,check\n"


def test_depths_are_those_of_the_model():
    from doctor.cli.check import DEPTHS
    from doctor.model import Depth

    assert list(Depth) == DEPTHS
