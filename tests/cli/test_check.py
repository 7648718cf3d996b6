"""`check` against a real engine, a silent server, a dead port and an empty machine."""

import json
import shutil
import signal
import socket
import subprocess
import sys

import jsonschema
import pytest

from doctor.report.schema import schema
from tests.cli.conftest import environment

# Makes the loopback interface of a fresh network namespace work, then becomes the program.
LOOPBACK_UP = """
import fcntl, os, socket, struct, sys
flags = struct.pack("16sh14x", b"lo", 1)
fcntl.ioctl(socket.socket(), 0x8914, flags)
os.execv(sys.executable, [sys.executable, "-m", "doctor", *sys.argv[1:]])
"""


@pytest.fixture
def silent():
    """A port that accepts connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(30)
        yield server


def address(server):
    return f"http://127.0.0.1:{server.getsockname()[1]}"


def test_a_real_server_gives_one_valid_json_document_and_nothing_else(doctor, engine):
    ended = doctor("check", "--target", engine, "--only", "connect", "--skip", "proxy-variables", "--format", "json")
    document = json.loads(ended.stdout)
    jsonschema.Draft202012Validator(schema()).validate(document)
    assert document["targets"][0]["runtime"] == "llama.cpp"
    assert (document["state"], ended.returncode) == ("ok", 0)
    assert ended.stderr == ""


def test_the_default_without_a_terminal_is_check(doctor, dead_url):
    ended = doctor("--target", dead_url)
    assert "Checks: " in ended.stdout
    assert dead_url in ended.stdout
    assert ended.returncode == 2


def test_a_saved_run_replays_to_the_same_state(doctor, engine, tmp_path):
    first = doctor("check", "--target", engine, "--depth", "passive", "-o", "run.json")
    again = doctor("replay", "run.json", "--format", "json")
    assert first.returncode == again.returncode
    assert json.loads(again.stdout)["state"] == json.loads((tmp_path / "run.json").read_text())["state"]


def test_a_named_server_that_is_down_is_critical(doctor, dead_url):
    ended = doctor("check", "--target", dead_url, "--format", "json")
    assert ended.returncode == 2
    assert "server-down" in [finding["symptom"] for finding in json.loads(ended.stdout)["targets"][0]["findings"]]


@pytest.mark.skipif(shutil.which("unshare") is None, reason="needs a network namespace of its own")
def test_a_machine_without_servers_is_unknown_and_says_where_it_looked(tmp_path):
    ended = subprocess.run(
        ["unshare", "-rn", sys.executable, "-c", LOOPBACK_UP, "check"],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=50,
        check=False,
    )
    if "unshare" in ended.stderr:
        pytest.skip("this machine does not allow network namespaces")
    assert ended.returncode == 3
    assert ended.stdout.startswith("UNKNOWN  nothing could be evaluated")
    assert "usual ports" in ended.stdout


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_the_run_with_a_partial_report(start, silent, number, code):
    process = start("check", "--target", address(silent), "--format", "json")
    connection, _ = silent.accept()
    process.send_signal(number)
    out, err = process.communicate(timeout=20)
    connection.close()
    document = json.loads(out)
    assert process.returncode == code
    assert "Traceback" not in err
    assert "interrupted" in {check["reason"] for check in document["targets"][0]["checks"]}
    assert document["state"] in {"unknown", "critical"}


def test_a_silent_server_costs_no_more_than_the_deadline(doctor, silent):
    ended = doctor("check", "--target", address(silent), "--deadline", "1.5", "--format", "json")
    assert json.loads(ended.stdout)["seconds"] < 5  # the first answer alone would be waited for so long
    assert ended.returncode in {2, 3}


def test_a_key_is_sent_but_never_shown(start, silent, tmp_path):
    (tmp_path / "key").write_text("s3cr3t-k3y\n")
    words = ["--target", address(silent), "--api-key-file", "key", "--format", "json", "--deadline", "3"]
    process = start("check", *words)
    asked = b""
    while b"s3cr3t-k3y" not in asked:
        connection, _ = silent.accept()
        with connection:
            connection.settimeout(5)
            asked += connection.recv(65536)
    out, err = process.communicate(timeout=20)
    assert "s3cr3t" not in out + err


def test_several_targets_are_reported_one_by_one(doctor, engine, dead_url):
    words = ["--target", engine, "--target", dead_url, "--target", engine]
    document = json.loads(doctor("check", *words, "--only", "connect", "--format", "json").stdout)
    assert [target["url"] for target in document["targets"]] == [engine, dead_url]
