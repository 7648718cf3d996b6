"""`demo`: patients that are there for the time of the command."""

import json
import signal
import subprocess
import sys

import pytest

from doctor.ward.patients import shipped


def test_every_patient_is_listed(doctor):
    page = doctor("demo", "--list").stdout
    assert all(patient.id in page for patient in shipped())


def test_a_patient_is_diagnosed_like_any_server(doctor):
    ended = doctor("demo", "server-down", "--format", "json")
    assert ended.returncode == json.loads(json.dumps(2))
    assert json.loads(ended.stdout)["targets"][0]["causes"][0]["id"] == "conn-server-down"
    assert ended.stderr.startswith("llm-doctor: patient server-down: ")


@pytest.mark.skipif(sys.platform == "win32", reason="signals")
def test_a_patient_does_not_outlive_an_interrupted_demo(start):
    process = start("demo", "healthy", "--format", "json")
    process.stderr.readline()  # the patient is being admitted
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert str(process.pid) not in children_of(process.pid)


def children_of(pid):
    """Processes whose parent was this one; orphans that kept its group are found as well."""
    listed = subprocess.run(["ps", "-eo", "ppid,pgid,pid"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if str(pid) in line.split()]
