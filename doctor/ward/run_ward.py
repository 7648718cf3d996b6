"""Admitting a patient: its engine is started, made ill, reachable at a URL, and gone at the end of the block."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import msgspec

from doctor.errors import WardError
from doctor.ward import engine, fault_server, gguf_edit, programs
from doctor.ward.facade_koboldcpp import koboldcpp
from doctor.ward.facade_vllm import vllm
from doctor.ward.gateway import gateway
from doctor.ward.ollama_server import WARD
from doctor.ward.ollama_shelf import Role
from doctor.ward.others import others_at_work
from doctor.ward.patients import Patient
from doctor.ward.variants import prepared

LIFE_S = 900.0
# Ports on which a diagnosis looks for a server that is not where the target points.
ELSEWHERE_PORTS = (8080, 9931, 8000, 5000, 5001, 10240, 1337, 30000)


@contextlib.asynccontextmanager
async def admitted(patient: Patient) -> AsyncIterator[str]:
    """The URL at which the patient answers. Raises WardError when it cannot be started."""
    async with contextlib.AsyncExitStack() as stack:
        url = await _started(patient, stack)
        yield url + patient.visit.path


async def _started(patient: Patient, stack: contextlib.AsyncExitStack) -> str:
    if patient.engine == "fault":
        return (await stack.enter_async_context(fault_server.serving(patient.behaviour))).url
    if patient.engine == "none":
        return await _nobody(patient, stack)
    shown = stack.enter_context(prepared(patient.variant))
    if patient.engine == "llama.cpp":
        url = await _engine(shown, patient.settings, stack)
        await stack.enter_async_context(others_at_work(url, patient.busy))
        return url
    if patient.engine == "gateway":
        url = await _engine(shown, patient.settings, stack)
        return await stack.enter_async_context(gateway(url, patient.gateway))
    computes = stack.enter_context(prepared(patient.behind)) if patient.behind else shown
    url = await _engine(computes, patient.settings, stack)
    if patient.engine == "vllm":
        return await stack.enter_async_context(vllm(url, patient.claims, patient.calls))
    if patient.engine == "koboldcpp":
        shape = gguf_edit.read(shown)
        return await stack.enter_async_context(koboldcpp(url, shape, patient.claims, patient.faults))
    sound = await _engine(shown, patient.settings, stack) if patient.behind and patient.sound_on_cpu else ""
    damaged = patient.variant.startswith("template_")
    role = Role(
        engine=url,
        sound=sound,
        templated=await _engine(engine.PATIENT, patient.settings, stack) if damaged else "",
        file=str(shown),
        claims=patient.claims,
        faults=patient.faults,
        calls=patient.calls,
        machine=patient.machine,
    )
    return await asyncio.to_thread(_ollama, role, patient.environment, stack)


def _ollama(role: Role, variables: Mapping[str, str], stack: contextlib.AsyncExitStack) -> str:
    """The façade as a process of its own, whose variables can be changed by starting it again."""
    port = programs.free_port()
    given = {**variables, "OLLAMA_HOST": f"{programs.HOST}:{port}", WARD: msgspec.json.encode(role).decode()}
    launched = programs.launched("ollama", "doctor.ward.ollama_server", ["serve"], life_s=LIFE_S, variables=given)
    process, log = stack.enter_context(launched)
    return programs.ready(process, log, port, "/").url


async def _engine(model: Path, settings: engine.Settings, stack: contextlib.AsyncExitStack) -> str:
    return (await stack.enter_async_context(engine.serve(model, settings))).url


async def _nobody(patient: Patient, stack: contextlib.AsyncExitStack) -> str:
    """A port on which nobody listens; for `elsewhere`, with a healthy server on a usual one."""
    if patient.elsewhere:
        settings = engine.Settings(port=_free_port(ELSEWHERE_PORTS))
        await _engine(engine.PATIENT, settings, stack)
    return f"http://127.0.0.1:{_free_port((0,))}"


def _free_port(candidates: tuple[int, ...]) -> int:
    for port in candidates:
        with socket.socket() as trial, contextlib.suppress(OSError):
            trial.bind(("127.0.0.1", port))
            return int(trial.getsockname()[1])
    raise WardError("all the usual ports of model servers are taken, so none can be used for this patient")
