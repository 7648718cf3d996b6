"""Remedies that do not help: a user's own playbook, carried out on a real engine, judged and taken back."""

import os
import sys
from pathlib import Path

import pytest

from doctor.ward import engine as ward_engine
from doctor.ward.engine import Settings
from tests.cli.test_terminal import begin, read_until, shown
from tests.cli.test_treat import PATIENCE_S, words_of
from tests.cli.test_treat_bad_input import home_in

pytestmark = [
    pytest.mark.ward,
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="processes are restarted"),
]
CAUSE = "house-share"
HOUSE = Path(__file__).resolve().parents[1] / "data" / "house"
OUTCOMES = [
    ("1", "UNCHANGED  the same signs are there: slot-share-small", 1),
    ("2", "WORSE  echo passed before and does not now", 2),
]


@pytest.mark.parametrize(("remedy", "says", "code"), OUTCOMES, ids=["unchanged", "worse"])
def test_what_does_not_help_is_said_and_can_be_taken_back(doctor, tmp_path, remedy, says, code):
    with ward_engine.serving(settings=Settings(slots=4)) as sick:
        before, home = words_of(sick), home_in(tmp_path)
        words = ["--plugins", str(HOUSE), "--apply", "--yes", "--remedy", remedy]
        ended = doctor("treat", CAUSE, "--target", sick.url, *words, env=home)
        assert (ended.returncode, says in ended.stdout) == (code, True), ended.stdout
        assert "window of one request  1024 tokens  1024 tokens" in ended.stdout
        assert words_of(sick) != before
        assert doctor("undo", env=home).returncode == 0
        assert words_of(sick) == before


@pytest.mark.parametrize("remedy", ["1", "2"], ids=["unchanged", "worse"])
@pytest.mark.parametrize("back", [True, False], ids=["taken-back", "left"])
def test_on_a_terminal_taking_it_back_is_offered(tmp_path, remedy, back):
    pty = pytest.importorskip("pty")
    ours, theirs = pty.openpty()
    with ward_engine.serving(settings=Settings(slots=4)) as sick:
        before = words_of(sick)
        words = ["treat", CAUSE, "--target", sick.url, "--plugins", str(HOUSE), "--apply", "--remedy", remedy]
        process = begin(theirs, *words, env=home_in(tmp_path))
        shown(ours, b"new command line? [y/N]: ")
        os.write(ours, b"y\n")
        shown(ours, b"Take it back? [Y/n]: ")
        os.write(ours, b"\n" if back else b"n\n")
        seen = read_until(ours, b"\x00never")
        process.wait(PATIENCE_S)
        os.close(ours)
        assert (words_of(sick) == before) is back
        assert (b"taken back: " in seen) is back
        assert (b"llm-doctor undo " in seen) is not back
