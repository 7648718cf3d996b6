"""Settings as commands meet them."""
# ruff: noqa: E501

import json
import sys

import pytest

from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings


def test_show_prints_values_with_origins_and_no_secret(doctor, tmp_path):
    (tmp_path / "llm-doctor.toml").write_text(
        'depth = "passive"\n[targets.gpu]\nurl = "http://127.0.0.1:9"\napi_key_command = ["pass", "--token", "Zk7Qm2Xv9Rt4Lw8P"]\n'
    )
    shown = doctor("config", "show", env={"LLM_DOCTOR_DEADLINE": "60"}).stdout
    assert "depth        passive  (llm-doctor.toml)" in shown
    assert "deadline     60.0  (LLM_DOCTOR_DEADLINE)" in shown
    assert "Zk7Qm2Xv9Rt4Lw8P" not in shown
    rows = json.loads(doctor("config", "show", "--format", "json").stdout)
    assert {"name": "depth", "value": "passive", "origin": "llm-doctor.toml"} in rows


def test_the_project_file_gives_options_and_flags_beat_it(doctor, engine, tmp_path):
    (tmp_path / "llm-doctor.toml").write_text(
        f'depth = "passive"\nonly = ["window"]\nformat = "json"\n[targets.here]\nurl = "{engine}"\n'
    )
    report = json.loads(doctor("check", "--target", "here").stdout)
    assert (report["depth"], report["coverage"]["total"]) == ("passive", 1)
    assert json.loads(doctor("check").stdout)["targets"][0]["url"] == engine
    assert json.loads(doctor("check", "--only", "busy", "--only", "window").stdout)["coverage"]["total"] == 2


def test_a_key_from_a_command_reaches_the_server_and_no_output(doctor, engine, tmp_path):
    key = "Zk7Qm2Xv9Rt4Lw8P"
    (tmp_path / "llm-doctor.toml").write_text(
        f'[targets.here]\nurl = "{engine}"\napi_key_command = ["{sys.executable}", "-c", "print(\'{key}\')"]\n'
    )
    ended = doctor("check", "--target", "here", "--depth", "passive", "--format", "json")
    assert ended.returncode in {0, 1}
    assert key not in ended.stdout + ended.stderr


def test_a_broken_setting_is_one_sentence_and_3(doctor, tmp_path):
    (tmp_path / "llm-doctor.toml").write_text("depht = 1\n")
    ended = doctor("check")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "llm-doctor: llm-doctor.toml: there is no setting depht; did you mean depth?\n"


def test_a_suppression_makes_a_warning_pass_and_an_ended_one_is_said(doctor, tmp_path):
    for until, code in (("2999-01-01", 0), ("2020-01-01", 2)):
        (tmp_path / "llm-doctor.toml").write_text(
            f'[[suppress]]\nid = "server-down"\nreason = "it is moved"\nuntil = {until}\n[[suppress]]\nid = "down"\nreason = "x"\nuntil = {until}\n'
        )
        ended = doctor("check", "--target", "http://127.0.0.1:9", "--depth", "passive", "--format", "json")
        cause = json.loads(ended.stdout)["targets"][0]["causes"][0]["id"]
        (tmp_path / "llm-doctor.toml").write_text(
            f'[[suppress]]\nid = "{cause}"\nreason = "it is moved"\nuntil = {until}\n'
        )
        ended = doctor("check", "--target", "http://127.0.0.1:9", "--depth", "passive")
        assert ended.returncode == code, ended.stdout
        assert ("ended on 2020-01-01: it is moved" in ended.stderr) == (until == "2020-01-01")


@pytest.mark.ward
@pytest.mark.timeout(240)
def test_a_threshold_of_the_settings_holds_for_every_command_that_examines(doctor, tmp_path):
    """Four slots of 1024 tokens are a fault below 4096, and none below 1000."""
    commands = {
        ("check", "--depth", "passive"): "drift-parallel-share",
        ("treat", "drift-parallel-share"): "Let all slots draw from one window",
        ("ask", "with four users everybody forgets"): "4 slots share 4096 tokens",
        ("watch", "--times", "1", "--depth", "passive"): "Each request gets only a share",
        ("report", "--for", "llama.cpp"): "4 slots share 4096 tokens",
    }
    with ward_engine.serving(settings=Settings(slots=4)) as sick:
        for words, sign in commands.items():
            (tmp_path / "llm-doctor.toml").write_text("")
            assert sign in doctor(*words, "--target", sick.url).stdout, words
            (tmp_path / "llm-doctor.toml").write_text("[thresholds.window]\nSMALL = 1000\n")
            ended = doctor(*words, "--target", sick.url)
            assert (sign in ended.stdout, ended.returncode in {0, 1}) == (False, True), (words, ended.stderr)
