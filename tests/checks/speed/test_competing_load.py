"""The check competing-load on given facts."""

import pytest

from doctor.facts import BusyProcess, Cpu, CpuLoad, Gpu, Gpus, Identity, Reach, ServerProcess, Tenant
from doctor.model import Severity
from tests.given import run_check, symptoms

HERE = Reach(url="http://127.0.0.1:1", host="127.0.0.1", port=1, state="open")
ANSWERS = Identity(runtime="ollama", state="ready")
EIGHT = Cpu(physical_cores=4, logical_cores=8)
SERVER = ServerProcess(pid=100, name="ollama", child_pids=(101,))


def load(*processes):
    return CpuLoad(busy_share=0.5, seconds=0.4, processes=processes)


def gpu(*tenants):
    return Gpus(devices=(Gpu(index=0, name="RTX 3090", vendor="nvidia", tenants=tenants),))


@pytest.mark.parametrize(
    "facts",
    [
        (load(BusyProcess(pid=7, name="ffmpeg", cores=4.0)), SERVER),
        (load(), gpu(Tenant(pid=7, name="game", utilisation=0.6)), SERVER),
    ],
)
async def test_other_programs_at_work_are_a_note(facts):
    verdict = await run_check("competing-load", [HERE, ANSWERS, EIGHT, *facts])
    assert [(f.symptom, f.severity) for f in verdict.findings] == [("machine-busy", Severity.NOTE)]


@pytest.mark.parametrize(
    "facts",
    [
        (load(),),
        (load(BusyProcess(pid=7, name="browser", cores=1.0)), SERVER),
        (load(BusyProcess(pid=101, name="llama-server", cores=8.0)), SERVER),
        (load(BusyProcess(pid=9, name="python3", cores=8.0)),),  # may be the server
        (load(), gpu(Tenant(pid=101, name="llama-server", utilisation=0.9)), SERVER),
        (load(), gpu(Tenant(pid=7, name="Xorg", utilisation=0.02)), SERVER),
    ],
)
async def test_an_idle_machine_and_the_server_itself_are_healthy(facts):
    verdict = await run_check("competing-load", [HERE, ANSWERS, EIGHT, *facts])
    assert symptoms(verdict) == []
    assert verdict.evidence
