"""`check_llm_doctor` as a monitoring system calls it: a process, its first line, its exit code."""

import subprocess
import sys

import pytest

from doctor.cli.check_plugin import parsed_range
from tests.cli.conftest import environment


def check(*words, timeout=50):
    return subprocess.run(
        [sys.executable, "-c", "from doctor.cli.check_plugin import main; main()", *words],
        env=environment(), capture_output=True, text=True, timeout=timeout, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def test_a_healthy_server_is_ok_with_numbers(engine):
    ended = check("-H", engine)
    assert ended.returncode in {0, 1}, ended.stdout
    assert ended.stdout.startswith(("OK - ", "WARNING - "))
    assert len(ended.stdout.splitlines()) == 1
    assert "context_window=4096;;;0" in ended.stdout


def test_a_server_that_is_down_is_critical():
    ended = check("-H", "127.0.0.1:9")
    assert ended.returncode == 2
    assert ended.stdout.startswith("CRITICAL - http://127.0.0.1:9: ")


@pytest.mark.parametrize(
    "words",
    [
        ["--help"],
        ["--version"],
        [],
        ["-H", "127.0.0.1:9", "-w", "ten"],
        ["extra"],
        ["-H", "x", "-f", "none"],
        ["-H", "x", "-t", "0"],
    ],
)
def test_help_version_and_wrong_usage_are_unknown(words):
    assert check(*words).returncode == 3


def test_a_timeout_is_unknown_and_names_the_stage(silent_server):
    ended = check("-H", silent_server, "-t", "1")
    assert ended.returncode == 3, ended.stdout
    assert ended.stdout.startswith("UNKNOWN - ")


def test_thresholds_alert_by_range(engine):
    assert check("-H", engine, "-f", "context_window", "-c", "100000:").stdout.startswith(
        "CRITICAL - context_window is 4096; "
    )
    assert check("-H", engine, "-f", "context_window", "-w", "100000:", "-c", "10:").returncode == 1
    ended = check("-H", engine, "-f", "decode_rate", "-w", "5:")
    assert (ended.returncode, ended.stdout.partition(";")[0]) == (3, "UNKNOWN - decode_rate was not measured")


@pytest.mark.parametrize(
    ("text", "good", "bad"),
    [
        ("10", 10, 11),
        ("10", 0, -1),
        ("10:", 10, 9),
        ("~:10", -5, 11),
        ("10:20", 15, 21),
        ("@10:20", 21, 15),
        ("2.5:", 2.5, 2.4),
    ],
)
def test_ranges_mean_what_the_guidelines_say(text, good, bad):
    assert not parsed_range(text).alerts(good)
    assert parsed_range(text).alerts(bad)


@pytest.fixture
def silent_server():
    """Accepts and says nothing."""
    import socket

    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
