"""Questions on a real pseudo-terminal: every answer, and a Ctrl-C in the worst moment."""

import os
import signal
import subprocess
import sys

import pytest

from tests.cli.conftest import environment
from tests.cli.test_terminal import read_until

pytestmark = [pytest.mark.timeout(120), pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals")]
ROUNDS = 2000  # `input` lost about five of so many, on one processor

ASKED = "from doctor.cli.asking import agreed, chosen\nprint('=', {call})"
INTERRUPTED_ALWAYS = """
import os, click
from doctor.cli.asking import agreed
from doctor.cli.interrupts import usual_interrupts
usual_interrupts()  # a shell's background jobs ignore Ctrl-C
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
for number in range(ROUNDS):
    try:
        agreed(f"Q{number}?", default=False)
    except click.Abort:
        print("heard", number, flush=True)
"""


@pytest.fixture
def begin():
    """Starts a program on a terminal of its own: the process, and our end of the terminal."""
    pty = pytest.importorskip("pty")
    begun = []

    def start(program):
        ours, theirs = pty.openpty()
        streams = {"stdin": theirs, "stdout": theirs, "stderr": theirs}
        begun.append(subprocess.Popen([sys.executable, "-c", program], env=environment(), **streams))
        os.close(theirs)
        return begun[-1], ours

    yield start
    for process in begun:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("call", "typed", "result"),
    [
        ("agreed('Go?', default=False)", b"y\n", b"= True"),
        ("agreed('Go?', default=False)", b"YES\n", b"= True"),
        ("agreed('Go?', default=False)", b"n\n", b"= False"),
        ("agreed('Go?', default=False)", b"\n", b"= False"),
        ("agreed('Go?', default=True)", b"\n", b"= True"),
        ("agreed('Go?', default=True)", b"perhaps\nn\n", b"Please answer y or n.\r\nGo? [Y/n]: "),
        ("agreed('Go?', default=True)", b"perhaps\nn\n", b"= False"),
        ("chosen('Which', ['1', '3'], default='1')", b"\n", b"= 1"),
        ("chosen('Which', ['1', '3'], default='1')", b"3\n", b"= 3"),
        ("chosen('Which', ['1', '3'], default='1')", b"2\n3\n", b"Please answer one of 1, 3.\r\nWhich (1, 3) [1]: "),
    ],
)
def test_answers(begin, call, typed, result):
    process, ours = begin(ASKED.format(call=call))
    seen = read_until(ours, b"]: ")
    os.write(ours, typed)
    seen = read_until(ours, result, seen)
    os.close(ours)
    process.wait(30)
    assert result in seen


def test_a_terminal_that_goes_away_is_no_consent(begin):
    process, ours = begin(ASKED.format(call="agreed('Go?', default=True)"))
    read_until(ours, b"]: ")
    os.close(ours)
    assert process.wait(30) != 0


def test_ctrl_c_is_heard_however_soon_it_follows_the_question(begin):
    process, ours = begin(INTERRUPTED_ALWAYS.replace("ROUNDS", str(ROUNDS)))
    seen = b""
    for number in range(ROUNDS):
        seen = read_until(ours, b"Q%d? [y/N]: " % number, seen)
        process.send_signal(signal.SIGINT)
        wanted = b"heard %d" % number
        seen = read_until(ours, wanted, seen)
        assert wanted in seen
        seen = seen.partition(wanted)[2]
    assert process.wait(30) == 0  # closed earlier, the terminal could go away within its last line
    os.close(ours)
