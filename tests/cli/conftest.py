"""The command line as users meet it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DEADLINE_S = 150  # each test has a timeout of its own, most of them an earlier one
DROPPED = ("NO_COLOR", "FORCE_COLOR", "OLLAMA_HOST", "OPENAI_BASE_URL", "OPENAI_API_BASE", "COLUMNS")


def environment(**more):
    """Our own environment without what changes the output, and with `more`."""
    kept = {name: value for name, value in os.environ.items() if name not in DROPPED}
    return {**kept, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **more}


@pytest.fixture
def doctor(tmp_path):
    """Run `llm-doctor` with these words in an empty folder; the completed process, output as text."""

    def run(*words, env=None, **options):
        return subprocess.run(
            [sys.executable, "-m", "doctor", *words],
            cwd=tmp_path,
            env=environment(**(env or {})),
            timeout=DEADLINE_S,
            check=False,
            text=True,
            encoding="utf-8",
            stdin=options.pop("stdin", subprocess.DEVNULL),
            stdout=options.pop("stdout", subprocess.PIPE),
            stderr=subprocess.PIPE,
            **options,
        )

    return run


@pytest.fixture
def start(tmp_path):
    """Start `llm-doctor`, perhaps with more environment; the running process, which is killed after the test."""
    running = []

    def begin(*words, **more):
        process = subprocess.Popen(
            [sys.executable, "-m", "doctor", *words],
            cwd=tmp_path,
            env=environment(**more),
            text=True,
            encoding="utf-8",
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        process.kill()
        process.communicate()
