"""Where reports go, and what happens when they cannot get there. Real files, pipes and devices."""

import json
import os
import subprocess
import sys

import msgspec
import pytest

from doctor.cli import exits
from doctor.model import Redaction, State
from doctor.report import render
from tests.cli.conftest import environment
from tests.report.sample import NOTHING_FOUND, REPORT, TARGET, hostile

posix = pytest.mark.skipif(os.name != "posix", reason="needs POSIX files and devices")


def marked(report):
    """As a saved report says that it was redacted, with nothing in it to replace."""
    return msgspec.structs.replace(report, redaction=Redaction(level="all"))


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "report.json"
    path.write_text(render(REPORT, "json"))
    return path


def test_show_prints_the_saved_report_and_judges_nothing(doctor, saved):
    ended = doctor("show", str(saved))
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == render(REPORT)


def test_show_reads_standard_input(doctor, saved):
    with saved.open() as file:
        assert doctor("show", "-", stdin=file).stdout == render(REPORT)


def test_a_broken_report_is_refused_with_a_sentence(doctor, tmp_path):
    (tmp_path / "cut.json").write_text(render(REPORT, "json")[:500])
    ended = doctor("show", "cut.json")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == "llm-doctor: cut.json is cut off: the JSON document has no end\n"


def test_a_file_that_ends_in_json_gets_json(doctor, saved, tmp_path):
    ended = doctor("show", str(saved), "-o", "copy.json")
    assert (ended.returncode, ended.stdout) == (0, "")
    assert (tmp_path / "copy.json").read_text() == render(marked(REPORT), "json")
    assert ended.stderr == "llm-doctor: report written to copy.json\n"


def test_a_dash_is_standard_output(doctor, saved):
    assert doctor("show", str(saved), "-o", "-").stdout == render(REPORT)


@posix
def test_a_link_is_replaced_and_its_target_left_alone(doctor, saved, tmp_path):
    precious = tmp_path / "precious"
    precious.write_text("precious")
    (tmp_path / "out.txt").symlink_to(precious)
    doctor("show", str(saved), "-o", "out.txt")
    assert precious.read_text() == "precious"
    assert (tmp_path / "out.txt").read_text() == render(REPORT)


@posix
def test_an_old_file_stays_whole_and_the_report_is_printed_when_there_is_no_space(doctor, saved, tmp_path):
    import resource
    import signal

    def small_files_only():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))

    old = tmp_path / "out.txt"
    old.write_text("old")
    ended = doctor("show", str(saved), "-o", "out.txt", preexec_fn=small_files_only)
    assert ended.returncode == 3
    assert old.read_text() == "old"
    assert ended.stdout == render(REPORT)
    assert "out.txt could not be written (File too large); the report is printed instead" in ended.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.txt", "report.json"]


@posix
def test_the_mode_of_an_old_file_is_kept(doctor, saved, tmp_path):
    old = tmp_path / "out.txt"
    old.write_text("old")
    old.chmod(0o640)
    doctor("show", str(saved), "-o", "out.txt")
    assert old.stat().st_mode & 0o777 == 0o640


@posix
def test_a_device_is_written_to_not_replaced(doctor, saved):
    ended = doctor("show", str(saved), "-o", "/dev/full")
    assert ended.returncode == 3
    assert ended.stdout == render(REPORT)
    assert os.path.exists("/dev/full")  # noqa: PTH110 - the point is the device


@posix
def test_a_full_standard_output_is_a_sentence(doctor, saved):
    with open("/dev/full", "w") as full:  # noqa: PTH123
        ended = doctor("show", str(saved), stdout=full)
    assert ended.returncode == 3
    assert ended.stderr == "llm-doctor: standard output cannot be written: No space left on device\n"


@posix
def test_a_reader_that_leaves_early_is_no_error(tmp_path, saved):
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-m", "doctor", "show", str(saved)],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
        timeout=30,
    )
    os.close(write)
    assert (ended.returncode, ended.stderr) == (0, b"")


@posix
def test_closed_standard_output_is_a_sentence(saved):
    ended = subprocess.run(
        ["/bin/sh", "-c", f"exec '{sys.executable}' -m doctor show '{saved}' >&-"],
        stderr=subprocess.PIPE,
        env=environment(),
        check=False,
        timeout=30,
    )
    assert ended.returncode == 3
    assert ended.stderr == b"llm-doctor: standard output is closed, so the report could not be printed\n"


def test_a_terminal_that_knows_ascii_only_gets_ascii(doctor, tmp_path):
    (tmp_path / "bad.json").write_text(render(hostile(), "json"))
    ended = doctor("show", "bad.json", env={"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"})
    assert ended.returncode == 0
    assert ended.stdout.isascii()


@pytest.mark.parametrize(
    ("env", "words", "coloured"),
    [
        ({}, [], False),
        ({"FORCE_COLOR": "1"}, [], True),
        ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, [], False),
        ({"FORCE_COLOR": "1"}, ["--no-color"], False),
    ],
)
def test_colour_follows_the_conventions(doctor, saved, env, words, coloured):
    assert ("\x1b[" in doctor("show", str(saved), *words, env=env).stdout) is coloured


def test_json_is_never_coloured(doctor, saved):
    assert doctor("show", str(saved), "--format", "json", env={"FORCE_COLOR": "1"}).stdout == render(
        marked(REPORT), "json"
    )


def test_json_is_redacted_unless_it_is_not_wanted_and_says_so(doctor, tmp_path):
    url = "http://gpu-tower.brandt.org:8080"
    report = msgspec.structs.replace(
        REPORT, targets=(msgspec.structs.replace(TARGET, url=url, reason="--api-key Zk7Qm2Xv9Rt4"),)
    )
    (tmp_path / "far.json").write_text(render(report, "json"))
    shared = json.loads(doctor("show", "far.json", "--format", "json").stdout)
    assert shared["targets"][0]["url"] == "http://host-1:8080"
    assert shared["redaction"] == {"level": "all", "replaced": {"credential": 1, "host": 1}, "content": "left out"}
    kept = json.loads(doctor("show", "far.json", "--format", "json", "--redact", "secrets").stdout)
    assert kept["targets"][0]["url"] == url
    assert kept["targets"][0]["reason"] == "--api-key removed-secret-1"
    raw = json.loads(doctor("show", "far.json", "--format", "json", "--redact", "nothing").stdout)
    assert raw["targets"][0]["reason"] == "--api-key Zk7Qm2Xv9Rt4"
    assert raw["redaction"]["level"] == "nothing"


def test_text_on_standard_output_keeps_the_host_that_its_commands_need_and_no_secret(doctor, tmp_path):
    report = msgspec.structs.replace(REPORT, reason="OPENAI_API_KEY=Zk7Qm2Xv9Rt4 at http://gpu-tower.brandt.org:8080")
    (tmp_path / "far.json").write_text(render(report, "json"))
    shown = doctor("show", "far.json").stdout
    assert "gpu-tower.brandt.org" in shown
    assert "Zk7Qm2Xv9Rt4" not in shown


def test_stable_aliases_are_the_same_in_the_next_report(doctor, tmp_path):
    for number, host in enumerate(["a1.brandt.org", "b1.brandt.org"]):
        report = msgspec.structs.replace(REPORT, targets=(msgspec.structs.replace(TARGET, url=f"http://{host}:1"),))
        (tmp_path / f"{number}.json").write_text(render(report, "json"))
    env = {"XDG_STATE_HOME": str(tmp_path / "state")}

    def url(name):
        words = ("show", name, "--format", "json", "--stable-aliases")
        return json.loads(doctor(*words, env=env).stdout)["targets"][0]["url"]

    assert [url("0.json"), url("1.json"), url("0.json")] == ["http://host-1:1", "http://host-2:1", "http://host-1:1"]


def test_replay_judges_the_facts_again(doctor, tmp_path):
    (tmp_path / "empty.json").write_text(render(NOTHING_FOUND, "json"))
    ended = doctor("replay", "empty.json")
    assert ended.returncode == 3
    assert "nothing could be evaluated" in ended.stdout


@pytest.mark.parametrize(
    ("state", "fail_on", "code"),
    [
        (State.OK, "warning", 0),
        (State.WARNING, "warning", 1),
        (State.CRITICAL, "warning", 2),
        (State.UNKNOWN, "warning", 3),
        (State.WARNING, "critical", 0),
        (State.CRITICAL, "critical", 2),
        (State.UNKNOWN, "critical", 3),
    ],
)
def test_exit_codes_follow_the_state_and_fail_on(state, fail_on, code):
    assert exits.exit_code(state, fail_on) == code
