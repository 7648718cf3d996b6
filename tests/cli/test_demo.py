"""`demo`: patients that are there for the time of the command. Real engines."""

import json
import signal
import subprocess
import sys

import psutil
import pytest

from doctor.ward.patients import shipped


def test_every_patient_is_listed(doctor):
    page = doctor("demo", "--list").stdout
    assert all(patient.id in page for patient in shipped())


def test_a_patient_is_diagnosed_like_any_server(doctor):
    ended = doctor("demo", "server-down", "--format", "json")
    assert ended.returncode == 2
    assert json.loads(ended.stdout)["targets"][0]["causes"][0]["id"] == "conn-server-down"
    assert ended.stderr.startswith("llm-doctor: patient server-down: ")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_patient_does_not_outlive_an_interrupted_demo(start, tmp_path):
    process = start("demo", "healthy", "--format", "json", DEMO_OF=str(tmp_path))
    process.stderr.readline()  # the patient is being admitted
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert [left for left in psutil.process_iter() if belongs(left, str(tmp_path))] == []


def belongs(process, mark):
    """Whether the process inherited the mark of this test."""
    try:
        return process.environ().get("DEMO_OF") == mark
    except psutil.Error:
        return False


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_an_interrupt_that_python_drops_still_ends_the_run(tmp_path):
    """The exception is raised inside a destructor, where Python prints and forgets it."""
    lost = """
import os, signal
from doctor.cli.interrupts import note_interrupts
class Dropped:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGINT)
note_interrupts()
Dropped()
import sys
from doctor.cli.main import outcome
sys.exit(outcome(["check", "--target", "http://127.0.0.1:9", "--format", "json"]))
"""
    ended = subprocess.run([sys.executable, "-c", lost], capture_output=True, text=True, timeout=50, check=False)
    assert ended.returncode == 130
    checks = json.loads(ended.stdout)["targets"][0]["checks"]
    assert {check["reason"] for check in checks} == {"interrupted", "needs depth deep"}
