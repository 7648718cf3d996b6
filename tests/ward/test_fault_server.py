"""The fault server as a program and as a context."""

import subprocess
import sys

import pytest

from doctor.errors import WardError
from doctor.http import Client
from doctor.ward.fault_server import fault, serving


def test_an_unknown_fault_is_refused_with_the_known_ones():
    with pytest.raises(WardError, match="silence"):
        fault("boredom")


def test_as_a_program_it_prints_its_address_and_ends_by_itself():
    command = [sys.executable, "-m", "doctor.ward.fault_server", "html", "0", "0.1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0
    assert done.stdout.startswith("http://127.0.0.1:")


async def test_leaving_the_context_frees_the_port():
    async with serving("silence") as server:
        port = server.port
    async with serving("html", port=port) as again, Client(again.url) as client:
        assert (await client.get("/")).status == 200
