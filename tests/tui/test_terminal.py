"""The whole program in a real terminal (tmux), on a patient of the ward: a real engine made ill."""

import asyncio
import os
import shutil
import signal
import sys
import uuid

import pytest

from doctor.plugins import bundled_playbooks
from doctor.ward import engine as ward_engine

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(180),
    pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed"),
    pytest.mark.skipif(not ward_engine.installed(), reason="the ward's engine is not installed"),
]
PATIENT, CAUSE = "broken-template", "garbage-template-wrong"
SHELL_DEADLINE_S, RUN_DEADLINE_S = 20, 150
POLL_S = 0.2


class Terminal:
    """A tmux session of its own, with a plain shell in it."""

    def __init__(self) -> None:
        self.socket = f"llm-doctor-{uuid.uuid4().hex[:8]}"

    async def tmux(self, *arguments: str) -> str:
        process = await asyncio.create_subprocess_exec(
            "tmux", "-L", self.socket, *arguments, stdout=asyncio.subprocess.PIPE
        )
        output, _ = await process.communicate()
        return output.decode()

    async def screen(self) -> str:
        """The text on the screen."""
        return await self.tmux("capture-pane", "-p")

    async def until(self, wanted, deadline_s: float) -> str:
        """The screen as soon as it is as wanted."""
        for _ in range(int(deadline_s / POLL_S)):
            text = await self.screen()
            if wanted(text):
                return text
            await asyncio.sleep(POLL_S)
        return pytest.fail(f"not seen within {deadline_s} s on this screen:\n{text}")


@pytest.fixture
async def terminal():
    session = Terminal()
    await session.tmux("-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "40", "env PS1='READY> ' sh")
    await session.until(lambda text: "READY>" in text, SHELL_DEADLINE_S)
    yield session
    await session.tmux("kill-server")


def words(text):
    return " ".join(text.split())


def last_line(text):
    return text.rstrip().rpartition("\n")[2]


def right_side(text):
    return words(" ".join(line.partition("▕")[2] for line in text.splitlines()))


async def test_the_cause_is_shown_and_q_leaves_a_clean_terminal(terminal):
    title = next(book.title for book in bundled_playbooks() if book.id == CAUSE)
    await terminal.tmux("send-keys", f"{sys.executable} -m doctor demo {PATIENT}; echo exit code $?", "Enter")
    await terminal.until(lambda text: words(title) in words(text), RUN_DEADLINE_S)
    await terminal.tmux("send-keys", "2")
    text = await terminal.until(lambda text: words(title) in right_side(text), RUN_DEADLINE_S)
    assert "CRITICAL" in text
    await terminal.until(lambda text: "Run" in last_line(text), RUN_DEADLINE_S)
    await terminal.tmux("send-keys", "q")
    text = await terminal.until(lambda text: "exit code" in text.partition("echo exit code $?")[2], SHELL_DEADLINE_S)
    assert "exit code 2" in text
    assert "▕" not in text
    assert (
        await terminal.tmux("display-message", "-p", "#{alternate_on} #{mouse_any_flag} #{cursor_flag}")
    ).split() == [
        "0",
        "0",
        "1",
    ]


async def test_the_screens_open_with_the_number_keys_and_everything_fits_eighty_columns(terminal):
    await terminal.tmux("resize-window", "-x", "80", "-y", "24")
    await terminal.tmux("send-keys", f"{sys.executable} -m doctor demo {PATIENT}; echo exit code $?", "Enter")
    await terminal.until(lambda text: "[1 Overview]" in text, RUN_DEADLINE_S)
    await terminal.until(lambda text: "tok/s" in text and "RAM" in text, RUN_DEADLINE_S)
    for key, sign in (
        ("2", "[2 Causes]"),
        ("3", "[3 Fit]"),
        ("4", "[4 History]"),
        ("5", "[5 Report]"),
        ("6", "[6 Ask]"),
        ("1", "[1 Over"),
    ):
        await terminal.tmux("send-keys", key)
        known = "Ask" if key == "6" else "Quit"  # letters are typed there
        await terminal.until(lambda text, s=sign, k=known: s in text and k in last_line(text), SHELL_DEADLINE_S)
    await terminal.tmux("send-keys", "x")
    await terminal.until(lambda text: "Run" in last_line(text), RUN_DEADLINE_S)
    await terminal.tmux("send-keys", "q")
    await terminal.until(lambda text: "exit code 2" in text, SHELL_DEADLINE_S)


async def test_ctrl_c_during_the_run_leaves_a_clean_terminal_and_130(terminal):
    await terminal.tmux("send-keys", f"{sys.executable} -m doctor demo {PATIENT}; echo exit code $?", "Enter")
    await terminal.until(lambda text: "Stop" in text, RUN_DEADLINE_S)
    await terminal.tmux("send-keys", "C-c")
    text = await terminal.until(lambda text: "exit code" in text.partition("echo exit code $?")[2], SHELL_DEADLINE_S)
    assert "exit code 130" in text
    assert "Traceback" not in text
    assert (await terminal.tmux("display-message", "-p", "#{alternate_on}")).strip() == "0"


async def test_sigterm_leaves_a_clean_terminal_and_143(terminal, tmp_path):
    note = tmp_path / "pid"
    program = f"{sys.executable} -m doctor demo {PATIENT}"
    await terminal.tmux("send-keys", f"sh -c 'echo $$ > {note}; exec {program}'; echo exit code $?", "Enter")
    await terminal.until(lambda text: "Stop" in text, RUN_DEADLINE_S)
    os.kill(int(note.read_text()), signal.SIGTERM)
    text = await terminal.until(lambda text: "exit code" in text.partition("echo exit code $?")[2], SHELL_DEADLINE_S)
    assert "exit code 143" in text
    assert (await terminal.tmux("display-message", "-p", "#{alternate_on}")).strip() == "0"
