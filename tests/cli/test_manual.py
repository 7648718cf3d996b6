"""The manual page and the completion scripts, read by the programs that they are for."""
# ruff: noqa: E501

import shutil
import subprocess

import pytest

from doctor.cli.main import COMMANDS
from doctor.cli.manual import page


def test_the_page_names_every_command():
    text = page()
    for name in COMMANDS:
        assert f".SS {name.replace('-', chr(92) + '-')} " in text


@pytest.mark.skipif(shutil.which("man") is None, reason="needs man (Debian package man-db)")
def test_man_formats_the_page_without_a_warning(tmp_path):
    (tmp_path / "llm-doctor.1").write_text(page())
    ended = subprocess.run(
        ["man", "--warnings", "-E", "UTF-8", "-l", "-Tutf8", "llm-doctor.1"], cwd=tmp_path, capture_output=True, text=True, timeout=50,
        check=False, env={"MANWIDTH": "100", "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "--target" in ended.stdout


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_of_the_shell(doctor, shell):
    script = doctor("completion", shell).stdout
    assert "_LLM_DOCTOR_COMPLETE" in script
    if shutil.which(shell) is None:
        pytest.skip(f"needs {shell}")
    ended = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True, timeout=20, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
