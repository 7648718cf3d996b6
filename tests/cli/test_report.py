"""`llm-doctor report`: from a saved report to a text that can be pasted, redacted, in a file, as an address."""

import json
import os
import stat

import msgspec
import pytest

from doctor.report import render
from tests.report.sample import NOTHING_FOUND
from tests.report.upstream.cases import report

SECRET = "Zk7Qm2Xv9Rt4Lw8Pn3Bd6Hs1"


@pytest.fixture
def saved(tmp_path):
    made = report("llama.cpp")
    facts = {**made.targets[0].facts}
    facts["ServerProcess"] = {"pid": 1, "name": "x", "command": ["/home/ottoline/llama-server", "--api-key", SECRET]}
    target = msgspec.structs.replace(made.targets[0], url="http://tower.brandt.org:8080", facts=facts)
    (tmp_path / "r.json").write_text(render(msgspec.structs.replace(made, targets=(target,)), "json"))
    return "r.json"


def test_the_form_is_numbered_and_says_what_is_missing(doctor, saved):
    ended = doctor("report", "--for", "llama.cpp", saved)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "Title: Eval bug: the answer is one character" in ended.stdout
    assert "1. paste into: Name and Version" in ended.stdout
    assert "2. choose in: Operating systems\n\nLinux" in ended.stdout
    assert "Still missing:\n- " in ended.stdout


@pytest.mark.parametrize("way", ["form", "body", "url", "file"])
def test_no_way_shows_a_secret_or_a_name(doctor, saved, tmp_path, way):
    (tmp_path / "server.log").write_text(f"loaded\nHF_TOKEN={SECRET} at /home/ottoline\n")
    words = (
        "report",
        "--for",
        "llama.cpp-misc",
        saved,
        "--as",
        way,
        "--log",
        "server.log",
        "--say",
        f"key {SECRET} of ottoline@brandt.org",
    )
    shown = doctor(*words).stdout
    assert shown
    assert SECRET not in shown
    assert "ottoline" not in shown
    assert "brandt" not in shown
    if way != "url":
        assert "http://host-1:8080/v1/chat/completions" in shown


def test_preview_says_how_many_of_which_kind_and_nothing_else(doctor, saved):
    shown = doctor("report", "--for", "llama.cpp", saved, "--preview").stdout
    assert shown.splitlines()[0] == "Replaced, by kind:"
    counts = {line.split()[1]: int(line.split()[0]) for line in shown.splitlines()[1:]}
    assert counts["credential"] == 1
    assert counts["host"] >= 1


def test_a_file_and_its_attachment(doctor, saved, tmp_path):
    ended = doctor("report", "--for", "vllm", saved, "--as", "file", "-o", "bug.md", "--attach")
    assert ended.returncode == 0
    assert "bug report written to bug.md" in ended.stderr
    assert (tmp_path / "bug.md").read_text().startswith("### Your current environment")
    attached = json.loads((tmp_path / "bug.report.json").read_text())
    assert attached["redaction"]["level"] == "all"
    assert SECRET not in (tmp_path / "bug.report.json").read_text()


@pytest.mark.skipif(os.name != "posix", reason="needs a program that stands in for the system's own")
def test_the_clipboard_gets_the_text_from_the_systems_own_program(doctor, saved, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("xclip", "wl-copy", "pbcopy"):
        (folder / name).write_text("#!/bin/sh\ncat > ../copied.txt 2>/dev/null || cat > copied.txt\n")
        (folder / name).chmod((folder / name).stat().st_mode | stat.S_IXUSR)
    ended = doctor("report", "--for", "ollama", saved, "--copy", env={"PATH": f"{folder}:{os.environ['PATH']}"})
    assert "copied to the clipboard" in ended.stderr
    copied = next(path for path in (tmp_path / "copied.txt", tmp_path.parent / "copied.txt") if path.exists())
    assert copied.read_text() == ended.stdout


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--for", "olama", "r.json"], "did you mean ollama?"),
        (["--for", "vllm", "r.json", "--target", "http://x"], "the report has no target 'http://x'"),
        (["--for", "vllm", "none.json"], "none.json cannot be read"),
        (["--for", "vllm", "r.json", "--log", "none.log"], "the log none.log cannot be read"),
        (["--for", "vllm", "r.json", "--attach"], "--attach needs -o FILE"),
        (["--for", "vllm", "empty.json"], "no server was examined"),
        (["--for", "vllm", "r.json", "-o", "no/such/x.md"], "there is no folder no/such"),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_3(doctor, saved, tmp_path, words, sentence):
    (tmp_path / "empty.json").write_text(render(NOTHING_FOUND, "json"))
    ended = doctor("report", *words)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert sentence in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
