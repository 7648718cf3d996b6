"""The devices that a model would run on: as the user names them, else those of this machine."""

import asyncio
import re
import sys
from pathlib import Path

import msgspec

from doctor.errors import Skip, UsageError
from doctor.facts import Gpu
from doctor.sizing.fit import Room
from doctor.sizing.hardware import Device, find
from doctor.sizing.settings import Settings
from doctor.text import one_line

BACKEND_OF = {"metal": "metal", "cpu": "cpu"}
CUDA = "cuda"

DEVICE_FILES = ("/dev/nvidiactl", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/nvmap")
UNIFIED = re.compile(r"\b(\d{1,4})\s*(?:GB|GiB)\b", re.IGNORECASE)
# Metal's recommended working set where nobody changed it: seen 0.667 of 16 GB, 0.78 of 48 GB, 0.84 of 128 GB.
LARGE_MAC_GIB, LARGE_MAC_SHARE, SMALL_MAC_SHARE = 36, 0.75, 0.667
# Decoding reaches 0.75 to 0.9 of a good measurement and 0.58 of the peak by the data sheet, which the model expects.
PEAK_OF_MEASURED = 0.8 / 0.58
AMX_FLAG = re.compile(r"^flags\s*:.*\bamx_int8\b", re.MULTILINE)


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """What computes: `device` the GPU, `host` the processor's memory; None where it is not known."""

    device: Device | None = None
    host: Device | None = None
    names: str = ""


def machine(named: str, settings: Settings) -> tuple[Settings, Devices, Room]:
    """The devices, the memory that is free on them, and the settings with the backend that follows from them.

    Raises UsageError for a device that is not listed.
    """
    devices, room = _named(named) if named else _here(settings)
    if not settings.backend:
        settings = msgspec.structs.replace(settings, backend=_backend(devices) if named else "")
    if settings.backend == "cpu" and devices.host is None and not named:
        devices = msgspec.structs.replace(devices, host=_measured())
    return msgspec.structs.replace(settings, amx=not named and _has_amx()), devices, room


def _named(text: str) -> tuple[Devices, Room]:
    """Devices that the user named, with a plus between a GPU and a memory."""
    device = host = None
    for part in re.split(r"\s\+\s", text):
        found = find(part.strip())
        if found is None:
            words = (
                f"--device {one_line(part.strip(), 80)!r} is not in the table of devices; write it as its maker does"
            )
            raise UsageError(f'{words}, a memory as "DDR5-6000 x2"')
        if found.kind == "cpu":
            host = found
        else:
            device = found
    memory = (device.memory_bytes or _unified_bytes(text, device)) if device else None
    names = " and ".join(found.name for found in (device, host) if found)
    return Devices(device=device, host=host, names=names), Room(device_bytes=memory, name=names)


def _unified_bytes(text: str, device: Device) -> int | None:
    """What macOS lets the GPU take of the RAM that stands in a name such as "M4 Max 64GB"."""
    found = UNIFIED.search(text)
    if found is None or device.kind != "metal":
        return None
    gib = int(found[1])
    return int(gib * (LARGE_MAC_SHARE if gib > LARGE_MAC_GIB else SMALL_MAC_SHARE) * (1 << 30))


def _backend(devices: Devices) -> str:
    if devices.device is None:
        return "cpu" if devices.host else ""
    return CUDA if devices.device.kind.startswith(CUDA) else BACKEND_OF.get(devices.device.kind, "")


def _here(settings: Settings) -> tuple[Devices, Room]:
    """What is here: the first GPU with memory of its own (or an Apple chip), and the RAM that is available."""
    from doctor.sizing.classes import kind_of

    host_bytes = _available_bytes()
    gpus = () if settings.backend == "cpu" else _gpus()
    gpu = next((g for g in gpus if g.memory_total_bytes and not g.integrated), None)
    if gpu is None:
        return Devices(), Room(host_bytes=host_bytes, name="this machine")
    listed = find(gpu.name, gpu.memory_total_bytes or 0)
    bandwidth = gpu.memory_bandwidth_bytes_s or (listed.bandwidth_bytes_s if listed else 0.0)
    device = Device(
        name=gpu.name,
        kind=kind_of(gpu.name, gpu.vendor),
        bandwidth_bytes_s=bandwidth,
        fp16_flop_s=listed.fp16_flop_s if listed else 0.0,
        source=gpu.source,
    )
    free = gpu.memory_free_bytes if gpu.memory_free_bytes is not None else gpu.memory_total_bytes
    room = Room(device_bytes=free, host_bytes=None if gpu.unified else host_bytes, name=gpu.name)
    return Devices(device=device if bandwidth else None, names=gpu.name), room


def _gpus() -> tuple[Gpu, ...]:
    """The GPUs here. On Linux no driver library is loaded where no device file speaks of a driver."""
    if sys.platform == "linux" and not any(Path(place).exists() for place in DEVICE_FILES):
        return ()
    from doctor.collect.gpu import look

    return asyncio.run(look()).devices


def _available_bytes() -> int | None:
    """RAM that a new program may take: what is available, within the limit of a container."""
    from doctor.collect.host import read_memory

    try:
        memory = read_memory(Path("/"))
    except Skip:
        return None
    if memory.limit_bytes is None:
        return memory.available_bytes
    return min(memory.available_bytes, memory.limit_bytes - (memory.limit_used_bytes or 0))


def _measured() -> Device | None:
    """The processor's memory as measured in under a second; its class expects the theoretical bandwidth."""
    from doctor.collect.bandwidth import measure

    try:
        found = measure(Path("/"))
    except Skip:
        return None
    return Device(
        name="this machine's RAM",
        kind="cpu",
        bandwidth_bytes_s=found.read_bytes_s * PEAK_OF_MEASURED,
        source=found.method,
    )


def _has_amx() -> bool:
    """Whether this processor has the tile unit for which llama.cpp packs matrices."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            return bool(AMX_FLAG.search(file.read(16_384)))
    except OSError:
        return False
