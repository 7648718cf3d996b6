"""`diff`, `check --baseline`, `--keep`, `history` and `fixture`, as commands."""

import json
import runpy

import pytest

from doctor.model import State
from doctor.report import render
from tests.report.sample import CONFIRMED
from tests.test_compare import report


@pytest.fixture
def saved(tmp_path):
    (tmp_path / "before.json").write_text(render(report(), "json"))
    (tmp_path / "after.json").write_text(
        render(report(State.WARNING, (CONFIRMED,), version="0.32.15", rate=23.0, flash="off"), "json")
    )


def test_diff_says_what_changed_and_why_and_exits_with_1(doctor, saved):
    ended = doctor("diff", "before.json", "after.json")
    assert ended.returncode == 1
    assert "Changed: ollama version 0.32.14 -> 0.32.15" in ended.stdout
    assert "Measured: decode rate 41 tok/s -> 23 tok/s  worse" in ended.stdout
    assert "Changed: --flash-attn on -> off" in ended.stdout
    assert "Because: Part of the model runs on the CPU" in ended.stdout


def test_diff_as_json_and_the_other_way_round(doctor, saved):
    ended = doctor("diff", "after.json", "before.json", "--format", "json")
    document = json.loads(ended.stdout)
    assert (ended.returncode, document["worse"]) == (0, False)
    assert document["targets"][0]["figures"][0]["worse"] is False


def test_a_kept_report_is_the_next_baseline(doctor, engine, tmp_path):
    """Against the real engine: the second run is compared with the first and finds nothing worse."""
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}
    check = ("check", "--target", engine, "--depth", "passive", "--only", "window", "--keep")
    first = doctor(*check, env=env)
    assert first.returncode == 0, first.stderr
    assert "1  " in doctor("history", env=env).stdout
    second = doctor(*check, "--baseline", "last", env=env)
    assert second.returncode == 0, second.stdout
    assert "still ok" in second.stdout
    assert "Nothing that matters changed" in second.stdout
    assert len(json.loads(doctor("history", "--format", "json", env=env).stdout)) == 2
    assert doctor("diff", "2", "last", env=env).returncode == 0
    assert doctor("history", "--clear", env=env).stdout == "2 reports removed\n"


def test_a_baseline_that_cannot_be_read_stops_before_the_work(doctor):
    ended = doctor("check", "--target", "http://127.0.0.1:9", "--baseline", "none.json")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "none.json cannot be read" in ended.stderr


def test_a_fixture_is_a_test_that_passes_and_fails_when_its_facts_change(doctor, engine, tmp_path):
    doctor("check", "--target", engine, "--depth", "passive", "--format", "json", "-o", "seen.json")
    assert doctor("fixture", "seen.json", "--name", "Healthy engine").returncode == 0
    written = runpy.run_path(str(tmp_path / "test_healthy_engine.py"))
    written["test_healthy_engine_is_diagnosed_as_before"]()
    text = (tmp_path / "healthy_engine.json").read_text()
    (tmp_path / "healthy_engine.json").write_text(text.replace('"state": "ready"', '"state": "loading"'))
    with pytest.raises(AssertionError):
        written["test_healthy_engine_is_diagnosed_as_before"]()


@pytest.mark.parametrize(
    ("words", "sentence"),
    [(["x.json", "--name", "../x"], "cannot be the name"), (["x.json", "-o", "nowhere"], "there is no folder")],
)
def test_a_fixture_that_cannot_be_written_is_a_sentence(doctor, words, sentence):
    ended = doctor("fixture", *words)
    assert ended.returncode == 3
    assert sentence in ended.stderr
