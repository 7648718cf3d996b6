"""A treatment killed at every single step is taken back: the file byte for byte, the server with its old words.

Real files and real processes; the killing is a real SIGKILL before each call that touches the system.
"""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from doctor.treat import server
from doctor.treat.journal import courses, reopened
from doctor.treat.treatment import take_back
from tests.treat.conftest import model_at, wait_for
from tests.treat.test_files import state

pytestmark = [pytest.mark.skipif(sys.platform == "win32", reason="signals"), pytest.mark.timeout(300)]
ROOT = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("killed_child.py")
OLD = b"old\x00bytes\r\n"


def treated(last: int, plan: dict[str, object]) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, str(CHILD), str(last), json.dumps(plan)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(words, env=environment, capture_output=True, text=True, timeout=60, check=False)


def scene(started, folder: Path):
    folder.mkdir()
    file = folder / "etc" / "settings.conf"
    file.parent.mkdir()
    file.write_bytes(OLD)
    file.chmod(0o604)
    process, url = started("old")
    return {"place": str(folder / "state"), "file": str(file), "pid": process.pid, "url": url}, process


def steps_of_a_whole_treatment(started, tmp_path) -> int:
    plan, _ = scene(started, tmp_path / "whole")
    ended = treated(0, plan)
    assert ended.returncode == 0, ended.stderr
    assert model_at(plan["url"]) == "new"
    assert Path(plan["file"]).read_bytes() == b"new\n"
    return int(ended.stderr.split()[-1])


def take_everything_back(place: Path) -> int:
    taken = 0
    for folder, read in courses(place).items():
        if read.open:
            with reopened(folder) as journal:
                taken += asyncio.run(take_back(journal))
    return taken


def test_killed_before_every_touch_of_the_system_it_is_taken_back(started, tmp_path, monkeypatch):
    monkeypatch.setattr(server, "GRACE_S", 0.0)  # nothing keeps this server running
    steps = steps_of_a_whole_treatment(started, tmp_path)
    assert steps > 15
    for last in range(1, steps + 1):
        plan, process = scene(started, tmp_path / f"killed-{last}")
        before = state(Path(plan["file"]).parent)
        ended = treated(last, plan)
        assert ended.returncode == -9, (last, ended.stderr)
        process.poll()
        take_everything_back(Path(plan["place"]))
        assert state(Path(plan["file"]).parent) == before, last
        wait_for(plan["url"], "old")
        assert take_everything_back(Path(plan["place"])) == 0, last


def test_a_way_back_that_is_killed_itself_is_gone_once_more(started, tmp_path):
    """The second undo finds the server started or not, and ends with the old one either way."""
    plan, _ = scene(started, tmp_path / "twice")
    before = state(Path(plan["file"]).parent)
    assert treated(0, plan).returncode == 0
    undoing = (
        "import asyncio, os, pathlib, signal, sys\n"
        "from doctor.treat.journal import courses, reopened\n"
        "from doctor.treat.treatment import take_back\n"
        "from doctor.treat.acts import Undid\n"
        "from doctor.treat.journal import Journal\n"
        "write = Journal.write\n"
        "def killed(self, record):\n"
        "    if isinstance(record, Undid):\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    write(self, record)\n"
        "Journal.write = killed\n"
        "(folder,) = courses(pathlib.Path(sys.argv[1]))\n"
        "with reopened(folder) as journal:\n"
        "    asyncio.run(take_back(journal))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ended = subprocess.run([sys.executable, "-c", undoing, plan["place"]], env=environment, check=False, timeout=60)
    assert ended.returncode == -9
    wait_for(plan["url"], "old")
    assert take_everything_back(Path(plan["place"])) == 2
    wait_for(plan["url"], "old")
    assert state(Path(plan["file"]).parent) == before
