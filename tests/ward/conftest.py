"""What tests of the ward share: the catalogue, and a usual port of their own."""

import pytest

from doctor.collect import reach
from doctor.treat.treatment import catalogue
from doctor.ward import programs, run_ward


@pytest.fixture(scope="session")
def known():
    """All checks and playbooks."""
    return catalogue()


@pytest.fixture
def own_usual_port(monkeypatch):
    """The usual ports of model servers are one that nobody else takes: the tests beside this one admit patients too.

    A server on a usual port is found by every diagnosis of an address at which nobody listens.
    """
    port = programs.free_port()
    monkeypatch.setattr(reach, "WELL_KNOWN_PORTS", (port,))
    monkeypatch.setattr(run_ward, "ELSEWHERE_PORTS", (port,))
    monkeypatch.setattr(reach, "SCAN_CONNECT_S", 5.0)  # a busy machine may let us wait longer than for a real port
