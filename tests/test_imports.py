"""What starting the program costs in modules: no TUI and no model client before they are needed."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
LISTED = """
import sys
from doctor.cli.main import outcome
code = outcome(sys.argv[1:])
sys.stderr.write("\\nMODULES " + " ".join(sorted({name.partition(".")[0] for name in sys.modules})))
"""
HEAVY = {"textual", "openai", "pydantic", "xllamacpp", "requests", "jinja2"}


def modules_after(*words):
    ended = subprocess.run(
        [sys.executable, "-c", LISTED, *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=50,
        check=True,
    )
    return set(ended.stderr.rpartition("MODULES ")[2].split())


@pytest.mark.parametrize("words", [["--help"], ["--version"]], ids=" ".join)
def test_help_and_version_load_nothing_heavy(words):
    assert not modules_after(*words) & (HEAVY | {"httpx2", "psutil", "pynvml", "rich"})


def test_a_passive_check_loads_neither_tui_nor_model_client(engine):
    assert not modules_after("check", "--depth", "passive", "--target", engine) & HEAVY


def test_listing_loads_neither_tui_nor_model_client():
    assert not modules_after("list", "checks") & HEAVY
