"""The machine's GPUs, one vendor a file. A machine without one is a normal machine."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

from doctor.collect.deadline import in_thread
from doctor.context import Context
from doctor.errors import Trouble
from doctor.facts import Gpu, Gpus

DEADLINE_S = 5.0
ROOT = Path("/")

Found = tuple[list[Gpu], list[str], str]  # devices, notes, fault


async def collect_gpus(context: Context) -> Gpus:
    """Every GPU that a driver tells about. What could not be read is in the notes."""
    return await look()


async def look() -> Gpus:
    """The GPUs as they are at this moment."""
    sources: tuple[Callable[[], Awaitable[Found]], ...] = (_nvidia, _sysfs) if sys.platform != "darwin" else (_apple,)
    devices: list[Gpu] = []
    notes: list[str] = []
    fault = ""
    for found in await asyncio.gather(*(source() for source in sources), return_exceptions=True):
        if isinstance(found, Trouble):
            notes.append(str(found))
        elif isinstance(found, BaseException):
            raise found
        else:
            devices += found[0]
            notes += found[1]
            fault = fault or found[2]
    return Gpus(devices=tuple(devices), notes=tuple(notes), fault=fault)


async def _nvidia() -> Found:
    from doctor.collect.gpu.nvidia import fault_of, library, read_nvidia

    def read() -> Found:
        nvml = library()
        if nvml is None:
            return [], [], ""
        devices, notes = read_nvidia(nvml)
        return devices, notes, fault_of(nvml) if notes and not devices else ""

    return await in_thread(read, DEADLINE_S, "the NVIDIA driver")


async def _sysfs() -> Found:
    from doctor.collect.gpu.amd import read_amd
    from doctor.collect.gpu.intel import read_intel

    def read() -> Found:
        return [*read_amd(ROOT), *read_intel(ROOT)], [], ""

    return await in_thread(read, DEADLINE_S, "the list of graphics cards")


async def _apple() -> Found:
    from doctor.collect.gpu.apple import read_apple

    return (*await read_apple(), "")
