"""`treat` and `undo` as users meet them: a real engine made ill by its command line, pipes and a pseudo-terminal."""

import os
import re
import signal
import sys
import time
from pathlib import Path

import pytest

from doctor.collect import alive
from doctor.http import Client
from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings
from tests.cli.test_terminal import begin, read_until, shown

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="signals and terminals"),
]
CAUSE = "drift-parallel-share"
PATIENCE_S = 60


@pytest.fixture
def sick():
    """A server whose four slots cut its window into quarters."""
    with ward_engine.serving(settings=Settings(slots=4)) as running:
        yield running


@pytest.fixture
def home(tmp_path):
    """Places for journals and templates of the test's own."""
    return {"XDG_STATE_HOME": str(tmp_path / "state"), "XDG_DATA_HOME": str(tmp_path / "data")}


def words_of(running) -> tuple[str, ...]:
    """The command line of whatever serves there now."""
    from doctor.collect.process import read_server_process

    return read_server_process(int(running.url.rpartition(":")[2]), "llama.cpp").command


async def window(url: str) -> int:
    async with Client(url) as client:
        return (await client.get("/props")).json()["default_generation_settings"]["n_ctx"]


def journals(home) -> list[str]:
    place = Path(home["XDG_STATE_HOME"]) / "llm-doctor" / "treatments"
    return [entry.name for entry in place.iterdir() if entry.is_dir()] if place.is_dir() else []


def test_a_wrong_name_is_answered_with_the_nearest(doctor):
    ended = doctor("treat", "drift-ctx-defalt", "--target", "http://127.0.0.1:9")
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "did you mean drift-ctx-default?" in ended.stderr


CONTINUED = re.compile(r" \\\n +")  # where a command line is broken depends on the paths in it


def test_without_apply_the_plan_is_shown_and_nothing_done(doctor, sick, home):
    before = words_of(sick)
    ended = doctor("treat", CAUSE, "--target", sick.url, env=home)
    assert ended.returncode == 0
    assert "1. Let all slots draw from one window.  (the doctor can do it; the server is" in ended.stdout
    assert "now:  " in ended.stdout
    assert ended.stdout.count("now:  ") == 1
    commands = CONTINUED.sub(" ", ended.stdout)
    assert "-np 4 -t 1 --metrics -lv 4 --reasoning off -kvu" in commands
    assert f"llm-doctor treat {CAUSE} --target {sick.url} --apply" in commands
    assert words_of(sick) == before
    assert journals(home) == []


@pytest.mark.parametrize(
    ("words", "said"), [(["--apply"], "there is no terminal to ask on"), (["--yes"], "--yes goes with --apply")]
)
def test_without_a_terminal_it_never_asks(doctor, home, words, said):
    ended = doctor("treat", CAUSE, "--target", "http://127.0.0.1:9", *words, env=home)
    assert ended.returncode == 3
    assert said in ended.stderr


async def test_applied_it_is_fixed_and_undone_it_is_as_before(doctor, sick, home):
    before = words_of(sick)
    ended = doctor("treat", CAUSE, "--target", sick.url, "--apply", "--yes", env=home)
    assert (ended.returncode, "Traceback" in ended.stderr) == (0, False)
    assert "FIXED  none of the signs that proved it is left" in ended.stdout
    assert "1024 tokens  4096 tokens" in ended.stdout
    assert words_of(sick) == (*before, "-kvu")
    assert await window(sick.url) == 4096
    (identity,) = journals(home)
    assert identity in ended.stdout

    assert identity in doctor("undo", "--list", env=home).stdout
    ended = doctor("undo", identity, env=home)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "everything is as it was before the treatment" in ended.stderr
    assert words_of(sick) == before
    assert await window(sick.url) == 1024
    again = doctor("undo", env=home)
    assert (again.returncode, "there is no treatment to take back" in again.stderr) == (3, True)


def test_another_remedy_is_chosen_by_its_number(doctor, sick, home):
    words = ["treat", CAUSE, "--target", sick.url, "--apply", "--yes", "--remedy"]
    refused = doctor(*words, "4", env=home)
    assert (refused.returncode, "remedy 4 cannot be carried out" in refused.stderr) == (3, True)
    assert doctor(*words, "2", env=home).returncode == 0
    assert words_of(sick)[-9:-7] == ("-np", "1")


def test_what_is_not_there_is_not_treated(doctor, engine, home):
    ended = doctor("treat", CAUSE, "--target", engine, "--apply", "--yes", env=home)
    assert (ended.returncode, ended.stdout) == (0, "")
    assert "not found: there is nothing to treat" in ended.stderr
    assert journals(home) == []


def test_what_no_check_can_prove_is_said_so(doctor, engine):
    ended = doctor("treat", "conn-container-localhost", "--target", engine)
    assert ended.returncode == 3
    assert "no check can prove conn-container-localhost" in ended.stderr


def test_a_server_that_is_down_has_remedies_for_people_only(doctor, home):
    words = ["treat", "conn-server-down", "--target", "http://127.0.0.1:9"]
    assert "for you to do" in doctor(*words, env=home).stdout
    ended = doctor(*words, "--apply", "--yes", env=home)
    assert (ended.returncode, "yours to do" in ended.stderr) == (3, True)


def test_an_unknown_treatment_is_an_error(doctor, home):
    ended = doctor("undo", "20261126-110622-x-1bc6", env=home)
    assert (ended.returncode, "there is no treatment" in ended.stderr) == (3, True)


@pytest.fixture
def terminal():
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    yield ours, theirs
    os.close(ours)


def in_terminal(theirs, sick, home, *words):
    return begin(theirs, "treat", CAUSE, "--target", sick.url, "--apply", "--remedy", "1", *words, env=home)


def ended(process) -> int:
    return process.wait(PATIENCE_S)


def test_on_a_terminal_it_asks_before_the_step_and_does_it_on_yes(terminal, sick, home):
    ours, theirs = terminal
    process = in_terminal(theirs, sick, home)
    shown(ours, b"new command line? [y/N]: ")
    os.write(ours, b"y\n")
    seen = shown(ours, b"llm-doctor undo ")
    assert b"FIXED" in seen
    assert ended(process) == 0
    assert words_of(sick)[-1] == "-kvu"


@pytest.mark.parametrize(("key", "code"), [(b"n\n", 3), (b"\n", 3), (b"\x03", 130)], ids=["no", "enter", "ctrl-c"])
def test_on_a_terminal_nothing_is_done_without_a_yes(terminal, sick, home, key, code):
    ours, theirs = terminal
    before = words_of(sick)
    process = in_terminal(theirs, sick, home)
    shown(ours, b"new command line? [y/N]: ")
    if key == b"\x03":
        process.send_signal(signal.SIGINT)  # the terminal is not the program's own: the key is sent as it arrives
    else:
        os.write(ours, key)
    read_until(ours, b"\x00never")
    assert ended(process) == code
    assert words_of(sick) == before


def test_ctrl_c_while_the_new_server_starts_brings_the_old_one_back(terminal, sick, home):
    ours, theirs = terminal
    before = words_of(sick)
    process = in_terminal(theirs, sick, home, "--yes")
    old = alive.created(sick.pid)
    ends_s = time.monotonic() + PATIENCE_S
    while alive.is_alive(sick.pid, old) and time.monotonic() < ends_s:
        time.sleep(0.005)
    process.send_signal(signal.SIGINT)
    read_until(ours, b"\x00never")
    assert ended(process) == 130
    assert words_of(sick) == before
