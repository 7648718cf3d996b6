"""What a person at a terminal sees: a pseudo-terminal of 80 by 24, a server that never says a word."""

import os
import re
import select
import socket
import subprocess
import sys
import time

import pytest

from tests.cli.conftest import environment

pty = pytest.importorskip("pty")
ENTERED, LEFT = b"\x1b[?1049h", b"\x1b[?1049l"
WIPE = b"\r\x1b[2K"
PATIENCE_S = 30


@pytest.fixture
def silent_url():
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture
def terminal():
    """Our end and the program's end of a terminal."""
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def begin(theirs, *words, env=None, **streams):
    """The program with the terminal as each standard stream that is not given."""
    process = subprocess.Popen(
        [sys.executable, "-m", "doctor", *words],
        env=environment(**{"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24", **(env or {})}),
        **{"stdin": theirs, "stdout": theirs, "stderr": theirs, **streams},
    )
    os.close(theirs)
    return process


def read_until(ours, wanted, seen=b""):
    """What the terminal was sent, until it holds `wanted`, or nobody holds the other end any more."""
    ends_s = time.monotonic() + PATIENCE_S
    while wanted not in seen and time.monotonic() < ends_s:
        if select.select([ours], [], [], 0.2)[0]:
            try:
                piece = os.read(ours, 65536)
            except OSError:
                break
            if not piece:
                break
            seen += piece
    return seen


def shown(ours, wanted: bytes) -> bytes:
    """What the terminal was sent until it holds this, however slow the machine is."""
    seen = b""
    for _ in range(4):
        seen = read_until(ours, wanted, seen)
        if wanted in seen:
            return seen
    raise AssertionError(f"{wanted!r} never came, but {seen!r}")


def test_without_a_command_the_full_screen_view_opens_and_leaves_the_terminal_as_it_was(terminal, silent_url):
    ours, theirs = terminal
    process = begin(theirs, "--target", silent_url)
    seen = read_until(ours, b"llm-doctor")
    assert ENTERED in seen
    os.write(ours, b"\x11")  # Ctrl-Q
    seen = read_until(ours, LEFT, seen)
    assert LEFT in seen
    assert process.wait(PATIENCE_S) == 3  # given up before anything was known


def test_on_a_dumb_terminal_the_report_is_printed(terminal):
    ours, theirs = terminal
    process = begin(theirs, "--target", "http://127.0.0.1:9", env={"TERM": "dumb"})
    seen = read_until(ours, b"depth quick")
    assert process.wait(PATIENCE_S) == 2
    assert b"\x1b" not in seen


def test_progress_appears_on_a_terminal_and_is_wiped_away(terminal, silent_url):
    ours, theirs = terminal
    words = ["check", "--target", silent_url, "--deadline", "3", "--format", "json"]
    process = begin(theirs, *words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    seen = read_until(ours, b"never")
    out, _ = process.communicate(timeout=PATIENCE_S)
    assert re.search(rb"\d+ of \d+ checks, \d s", seen)
    assert seen.endswith(WIPE)
    assert out.startswith(b"{")


def test_a_reports_lines_fit_a_narrow_terminal(terminal):
    ours, theirs = terminal
    words = ["check", "--target", "http://127.0.0.1:9", "--only", "connect", "--no-color"]
    process = begin(theirs, *words, env={"COLUMNS": "50"}, stderr=subprocess.DEVNULL)
    seen = read_until(ours, b"depth quick").decode()
    process.wait(PATIENCE_S)
    copied = ("llm-doctor check", "--target", "http")
    assert [line for line in seen.splitlines() if len(line) > 50 and not line.strip().startswith(copied)] == []
