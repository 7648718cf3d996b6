"""The devices that a model would run on: as the user names them, else those of this machine."""

import os
import re
import sys
from pathlib import Path

import msgspec

from doctor.collect.named_device import Devices, read_name
from doctor.errors import Skip
from doctor.facts import Gpu
from doctor.sizing.fit import Room
from doctor.sizing.hardware import GB, Device, find
from doctor.sizing.settings import Settings
from doctor.text import one_line

BACKEND_OF = {"metal": "metal", "metal_m1": "metal", "cpu": "cpu"}
CUDA = "cuda"

DEVICE_FILES = ("/dev/nvidiactl", "/dev/dri", "/dev/kfd", "/dev/dxg", "/dev/nvmap")
AMX_FLAG = re.compile(r"^flags\s*:.*\bamx_int8\b", re.MULTILINE)
BUSY_SHARE = 0.5  # of the cores at work for others: what is measured then is what they leave


def machine(named: str, settings: Settings) -> tuple[Settings, Devices, Room]:
    """The devices, the memory that a model may take on them, and the settings with what follows from them.

    Without a name this machine is looked at; the room of a machine without a usable GPU has no device's memory.
    Raises UsageError for a device that is not listed.
    """
    devices, room = read_name(named) if named else _here(settings)
    replace = msgspec.structs.replace
    if named and not settings.backend:
        settings = replace(settings, backend=_backend(devices))
    if devices.device and devices.device.count > 1:
        settings = replace(settings, devices=devices.device.count)
    return replace(settings, amx=not named and _has_amx()), devices, room


def with_measured_host(devices: Devices) -> Devices:
    """The same with this machine's RAM measured, in a fraction of a second; a note where that is not possible."""
    try:
        host, notes = _measured()
    except Skip as skip:
        host, notes = None, (f"The speed of the RAM could not be measured: {skip.reason}.",)
    return msgspec.structs.replace(devices, host=host, notes=(*devices.notes, *notes))


def _backend(devices: Devices) -> str:
    if devices.device is None:
        return "cpu" if devices.host else ""
    kind = devices.device.kind
    return CUDA if kind.startswith(CUDA) else BACKEND_OF.get(kind, "")


def _here(settings: Settings) -> tuple[Devices, Room]:
    """What is here: the GPUs with memory of their own (or an Apple chip), and the RAM that is available."""
    host_bytes = _available_bytes()
    gpus = () if settings.backend == "cpu" else _gpus()
    usable = [gpu for gpu in gpus if gpu.memory_total_bytes and not gpu.integrated]
    if not usable:
        room = Room(host_bytes=host_bytes, name="this machine", origin="reported", source="the operating system")
        return Devices(notes=_why_no_gpu(settings, gpus)), room
    device, notes = _together(usable)
    free = [g.memory_total_bytes if g.memory_free_bytes is None else g.memory_free_bytes for g in usable]
    name = usable[0].name if len(usable) == 1 else _names(usable)
    room = Room(
        device_bytes=sum(bytes_ or 0 for bytes_ in free),
        host_bytes=None if usable[0].unified else host_bytes,
        name=name,
        origin="reported",
        source=usable[0].source or "the driver",
    )
    return Devices(device=device, notes=notes), room


def _why_no_gpu(settings: Settings, gpus: tuple[Gpu, ...]) -> tuple[str, ...]:
    if settings.backend == "cpu":
        return ()
    if gpus:
        names = ", ".join(one_line(gpu.name, 60) for gpu in gpus)
        return (f"{names} has no memory of its own that is told, so this is about the processor and its RAM.",)
    return ("No graphics card was found here, so this is about the processor and its RAM.",)


def _names(gpus: list[Gpu]) -> str:
    counts = {gpu.name: sum(other.name == gpu.name for other in gpus) for gpu in gpus}
    return ", ".join(f"{count} x {name}" if count > 1 else name for name, count in counts.items())


def _together(gpus: list[Gpu]) -> tuple[Device | None, tuple[str, ...]]:
    """One device that stands for all: layers are shared by memory, so the time of all of them adds up."""
    each = [_device(gpu) for gpu in gpus]
    unknown = [gpu.name for gpu, device in zip(gpus, each, strict=True) if device is None]
    if unknown:
        words = f"The memory bandwidth of {one_line(', '.join(unknown), 120)} is not known, so no speed is said."
        return None, (words,)
    known = [device for device in each if device is not None]
    memory = sum(gpu.memory_total_bytes or 0 for gpu in gpus)
    shares = [(gpu.memory_total_bytes or 0) / memory for gpu in gpus]
    slowness = sum(share / device.bandwidth_bytes_s for share, device in zip(shares, known, strict=True))
    slowest = min(known, key=lambda device: device.bandwidth_bytes_s)
    return msgspec.structs.replace(slowest, bandwidth_bytes_s=1 / slowness, count=len(gpus)), ()


def _device(gpu: Gpu) -> Device | None:
    """What is known of a GPU here: the driver's bandwidth, else the listed one; None without both."""
    from doctor.sizing.classes import kind_of

    listed = find(gpu.name, gpu.memory_total_bytes or 0)
    bandwidth = gpu.memory_bandwidth_bytes_s or (listed.bandwidth_bytes_s if listed else 0.0)
    if not bandwidth:
        return None
    return Device(
        name=gpu.name,
        kind=kind_of(gpu.name, gpu.vendor),
        bandwidth_bytes_s=bandwidth,
        memory_bytes=gpu.memory_total_bytes or 0,
        fp16_flop_s=listed.fp16_flop_s if listed else 0.0,
        fp32_flop_s=listed.fp32_flop_s if listed else 0.0,
        origin="reported" if gpu.memory_bandwidth_bytes_s else "computed",
        source=gpu.source if gpu.memory_bandwidth_bytes_s or not listed else listed.source,
    )


def _gpus() -> tuple[Gpu, ...]:
    """The GPUs here. On Linux no driver library is loaded where no device file speaks of a driver."""
    if sys.platform == "linux" and not any(Path(place).exists() for place in DEVICE_FILES):
        return ()
    import asyncio

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


def _measured() -> tuple[Device, tuple[str, ...]]:
    """The processor's memory as measured in under a second; its class expects the theoretical bandwidth."""
    from doctor.collect.bandwidth import measure, peak_of

    busy = _busy_share()
    found = measure(Path("/"), quick=True)
    device = Device(
        name="this machine's RAM",
        kind="cpu",
        bandwidth_bytes_s=peak_of(found.read_bytes_s),
        origin="probed",
        source=f"from {found.read_bytes_s / GB:.1f} GB/s measured, {found.method} with {_threads(found.threads)}",
    )
    if busy < BUSY_SHARE:
        return device, ()
    return device, ("Other programs kept the processor busy while its RAM was measured: it is faster than this.",)


def _threads(count: int) -> str:
    return f"{count} thread" + ("" if count == 1 else "s")


def _busy_share() -> float:
    """Cores that were at work in the last minute, as a share of all; 0 where the system does not say."""
    try:
        return os.getloadavg()[0] / (os.cpu_count() or 1)
    except (AttributeError, OSError):
        return 0.0


def _has_amx() -> bool:
    """Whether this processor has the tile unit for which llama.cpp packs matrices."""
    try:
        with Path("/proc/cpuinfo").open(encoding="ascii", errors="replace") as file:
            return bool(AMX_FLAG.search(file.read(16_384)))
    except OSError:
        return False
