"""NVIDIA GPUs through NVML, the driver's own library (module `pynvml` of the package nvidia-ml-py).

Every call can fail on some card, driver or container: what fails is None, and the rest is still told. The library is
handed in, so that tests can put a recorded one in its place.
"""

import errno
import os
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import psutil

from doctor.facts import Gpu, Tenant
from doctor.text import one_line

T = TypeVar("T")

MOST_GPUS = 64
# Bits of nvmlDeviceGetCurrentClocksEventReasons that slow a working card down. Left out: idle (1), applications clocks
# (2), sync boost (16) and display clocks (256), which are settings or rest, not trouble. Source: nvml.h of driver 570.
THROTTLE_REASONS = {
    0x04: "power-cap",
    0x08: "hardware-slowdown",
    0x20: "thermal",
    0x40: "hardware-thermal",
    0x80: "power-brake",
}
# One chip for processor and GPU: their memory is the machine's RAM.
UNIFIED = ("GB10", "Orin", "Thor", "Xavier", "Tegra")
# The driver's "not available" for a process' memory (Windows).
NOT_AVAILABLE = (1 << 64) - 1
RECENT_S = 2.0
CONTROL = "/dev/nvidiactl"  # every program opens it before it can use a card


def library() -> Any | None:  # noqa: ANN401 - a module without types
    """The NVML binding, or None when it is not installed."""
    try:
        import pynvml
    except ImportError:
        return None
    return pynvml


def read_nvidia(nvml: Any) -> tuple[list[Gpu], list[str]]:  # noqa: ANN401
    """All GPUs, and notes about what could not be read. No driver is no trouble: nothing is found then."""
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        return [], _why_not(nvml, error)
    try:
        count = asked(nvml, nvml.nvmlDeviceGetCount) or 0
        driver = text(asked(nvml, nvml.nvmlSystemGetDriverVersion))
        devices: list[Gpu] = []
        notes: list[str] = []
        for index in range(min(count, MOST_GPUS)):
            try:
                handle = nvml.nvmlDeviceGetHandleByIndex(index)
            except nvml.NVMLError as error:
                notes.append(f"GPU {index} of the NVIDIA driver cannot be read: {one_line(str(error))}")
                continue
            devices += [_gpu(nvml, part, index, driver) for part in _parts(nvml, handle)]
        return devices, notes
    finally:
        asked(nvml, nvml.nvmlShutdown)


def fault_of(nvml: Any, opened: Callable[[], int] | None = None) -> str:  # noqa: ANN401
    """What keeps an installed driver from working: "restart-needed", "refused", or empty.

    "refused": the device is there and may not be opened although its mode allows it. Docker's device rules are lost
    when systemd reloads its units; the kernel then says EPERM, where a missing permission of the file gives EACCES.
    """
    try:
        nvml.nvmlInit()
    except nvml.NVMLError as error:
        code = getattr(error, "value", None)
        if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
            return "restart-needed"
        refused = code in (nvml.NVML_ERROR_UNKNOWN, nvml.NVML_ERROR_NO_PERMISSION)
        return "refused" if refused and _not_permitted(opened or _open_control) else ""
    asked(nvml, nvml.nvmlShutdown)
    return ""


def _open_control() -> int:
    return os.open(CONTROL, os.O_RDWR | getattr(os, "O_CLOEXEC", 0))


def _not_permitted(opened: Callable[[], int]) -> bool:
    """Whether the kernel forbids the device itself, and not only this user."""
    try:
        os.close(opened())
    except OSError as error:
        return error.errno == errno.EPERM
    return False


def _why_not(nvml: Any, error: Exception) -> list[str]:  # noqa: ANN401
    """What is worth saying when the library does not start: nothing on a machine without an NVIDIA driver."""
    code = getattr(error, "value", None)
    if code in (nvml.NVML_ERROR_LIBRARY_NOT_FOUND, nvml.NVML_ERROR_DRIVER_NOT_LOADED):
        return []
    if code == nvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH:
        return [
            "the NVIDIA driver was updated and the old one is still loaded: no program can use the GPU until a restart"
        ]
    return [f"the NVIDIA driver does not answer: {one_line(str(error))}"]


def asked(nvml: Any, call: Callable[..., T], *arguments: object) -> T | None:  # noqa: ANN401
    """What the call returns; None when this card, driver or binding does not support it."""
    try:
        return call(*arguments)
    except nvml.NVMLError:
        return None


def text(value: str | bytes | None) -> str:
    """A name: old bindings return bytes, new ones text."""
    return one_line(value.decode(errors="replace") if isinstance(value, bytes) else value or "", 100)


def _parts(nvml: Any, handle: Any) -> Iterator[Any]:  # noqa: ANN401
    """The card itself, or its slices when it is divided (MIG): programs see a slice, never the whole."""
    mode = asked(nvml, nvml.nvmlDeviceGetMigMode, handle)
    slices = []
    if mode and mode[0]:
        for index in range(asked(nvml, nvml.nvmlDeviceGetMaxMigDeviceCount, handle) or 0):
            part = asked(nvml, nvml.nvmlDeviceGetMigDeviceHandleByIndex, handle, index)
            slices += [part] if part is not None else []
    yield from slices or [handle]


def _gpu(nvml: Any, handle: Any, index: int, driver: str) -> Gpu:  # noqa: ANN401
    name = text(asked(nvml, nvml.nvmlDeviceGetName, handle))
    memory = asked(nvml, nvml.nvmlDeviceGetMemoryInfo, handle)
    rates = asked(nvml, nvml.nvmlDeviceGetUtilizationRates, handle)
    power = asked(nvml, nvml.nvmlDeviceGetPowerUsage, handle)
    limit = asked(nvml, nvml.nvmlDeviceGetEnforcedPowerLimit, handle)
    return Gpu(
        index=index,
        name=name or f"NVIDIA GPU {index}",
        vendor="nvidia",
        memory_total_bytes=memory.total if memory else None,
        memory_used_bytes=memory.used if memory else None,
        memory_free_bytes=memory.free if memory else None,
        unified=any(word in name for word in UNIFIED),
        utilisation=rates.gpu / 100 if rates else None,
        temperature_c=asked(nvml, nvml.nvmlDeviceGetTemperature, handle, nvml.NVML_TEMPERATURE_GPU),
        power_w=power / 1000 if power is not None else None,
        power_limit_w=limit / 1000 if limit is not None else None,
        clock_mhz=asked(nvml, nvml.nvmlDeviceGetClockInfo, handle, nvml.NVML_CLOCK_SM),
        clock_max_mhz=asked(nvml, nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_SM),
        throttle=_throttle(nvml, handle),
        memory_bandwidth_bytes_s=_bandwidth(nvml, handle),
        driver=driver,
        tenants=_tenants(nvml, handle),
        source="NVML",
    )


def _throttle(nvml: Any, handle: Any) -> tuple[str, ...]:  # noqa: ANN401
    bits = asked(nvml, nvml.nvmlDeviceGetCurrentClocksThrottleReasons, handle) or 0
    return tuple(name for bit, name in THROTTLE_REASONS.items() if bits & bit)


def _bandwidth(nvml: Any, handle: Any) -> float | None:  # noqa: ANN401
    """Bytes per second = 2 x memory clock x bus width / 8: both edges of the clock that NVML reports carry data."""
    clock_mhz = asked(nvml, nvml.nvmlDeviceGetMaxClockInfo, handle, nvml.NVML_CLOCK_MEM)
    bits = asked(nvml, nvml.nvmlDeviceGetMemoryBusWidth, handle)
    return 2 * clock_mhz * 1e6 * bits / 8 if clock_mhz and bits else None


def _tenants(nvml: Any, handle: Any) -> tuple[Tenant, ...]:  # noqa: ANN401
    """Who holds memory on the card, the largest first. A process that computes and draws is listed twice by NVML."""
    memory: dict[int, int | None] = {}
    for call in (nvml.nvmlDeviceGetComputeRunningProcesses, nvml.nvmlDeviceGetGraphicsRunningProcesses):
        for process in asked(nvml, call, handle) or ():
            used = process.usedGpuMemory
            known = None if used in (None, NOT_AVAILABLE) else int(used)
            memory[process.pid] = max(known or 0, memory.get(process.pid) or 0) or None
    shares = _shares(nvml, handle)
    tenants = [
        Tenant(pid=pid, name=_name(nvml, pid), memory_bytes=used, utilisation=shares.get(pid))
        for pid, used in memory.items()
    ]
    return tuple(sorted(tenants, key=lambda tenant: -(tenant.memory_bytes or 0)))


def _shares(nvml: Any, handle: Any) -> dict[int, float]:  # noqa: ANN401
    """Share of the GPU's time that each process took in the last two seconds."""
    since_us = int((time.time() - RECENT_S) * 1e6)
    samples = asked(nvml, nvml.nvmlDeviceGetProcessUtilization, handle, since_us) or ()
    return {sample.pid: sample.smUtil / 100 for sample in samples if 0 <= sample.smUtil <= 100}


def _name(nvml: Any, pid: int) -> str:  # noqa: ANN401
    try:
        return one_line(psutil.Process(pid).name(), 60)
    except psutil.Error:
        path = text(asked(nvml, nvml.nvmlSystemGetProcessName, pid))
        return path.replace("\\", "/").rsplit("/", 1)[-1].split(" ")[0] or f"process {pid}"
