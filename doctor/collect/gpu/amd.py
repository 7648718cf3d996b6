"""AMD GPUs through sysfs: memory, load, clocks and sensors, and who computes on them (KFD).

Source: Documentation/gpu/amdgpu (mem_info_*, gpu_busy_percent, pp_dpm_sclk, hwmon) of the Linux kernel. A chip that
shares the RAM with the processor has no `mem_busy_percent`; its memory is the small carve-out plus what the kernel
lets it map (GTT).
"""

import re
from pathlib import Path

import psutil

from doctor.collect import files
from doctor.collect.gpu import sysfs
from doctor.facts import Gpu, Tenant
from doctor.text import one_line

VENDOR = "0x1002"


def read_amd(root: Path) -> list[Gpu]:
    """All AMD GPUs below `root`."""
    found = list(sysfs.cards(root, VENDOR))
    return [_gpu(root, index, card / "device", alone=len(found) == 1) for index, card in found]


def _gpu(root: Path, index: int, device: Path, *, alone: bool) -> Gpu:
    integrated = not (device / "mem_busy_percent").exists()
    total, used = _memory(device, shared=integrated)
    busy = files.number(device / "gpu_busy_percent")
    clock, clock_max = _clock(device / "pp_dpm_sclk")
    temperature, limit = sysfs.sensor(device, "temp1_input"), sysfs.sensor(device, "power1_cap")
    power = sysfs.sensor(device, "power1_average") or sysfs.sensor(device, "power1_input")
    return Gpu(
        index=index,
        name=sysfs.name(root, device, "AMD GPU"),
        vendor="amd",
        memory_total_bytes=total,
        memory_used_bytes=used,
        memory_free_bytes=max(0, total - used) if total is not None and used is not None else None,
        unified=integrated,
        integrated=integrated,
        utilisation=min(1.0, busy / 100) if busy is not None else None,
        temperature_c=temperature / 1000 if temperature is not None else None,
        power_w=power / 1e6 if power is not None else None,
        power_limit_w=limit / 1e6 if limit is not None else None,
        clock_mhz=clock,
        clock_max_mhz=clock_max,
        driver=files.word(root / "sys/module/amdgpu/version") or "",
        tenants=_tenants(root) if alone else (),
        source="sysfs",
    )


def _memory(device: Path, *, shared: bool) -> tuple[int | None, int | None]:
    """Bytes in all and in use."""
    kinds = ("vram", "gtt") if shared else ("vram",)
    totals = [files.number(device / f"mem_info_{kind}_total") for kind in kinds]
    used = [files.number(device / f"mem_info_{kind}_used") for kind in kinds]
    return _sum(totals), _sum(used)


def _sum(values: list[float | None]) -> int | None:
    known = [int(value) for value in values if value is not None]
    return sum(known) if known else None


def _clock(path: Path) -> tuple[float | None, float | None]:
    """Current (marked with a star) and highest clock in MHz of a `pp_dpm_*` file."""
    steps = re.findall(r"^\d+: (\d+)Mhz ?(\*?)", files.text(path, 4096) or "", re.MULTILINE | re.IGNORECASE)
    current = next((float(clock) for clock, star in steps if star), None)
    return current, max((float(clock) for clock, _ in steps), default=None)


def _tenants(root: Path) -> tuple[Tenant, ...]:
    """Processes that compute with ROCm and the memory they hold. Only asked where there is one card to hold it."""
    tenants = []
    for folder in files.entries(root / "sys/class/kfd/kfd/proc", "[0-9]*"):
        held = sum(int(files.number(path) or 0) for path in files.entries(folder, "vram_*"))
        if held and folder.name.isdigit():
            tenants.append(Tenant(pid=int(folder.name), name=_process_name(int(folder.name)), memory_bytes=held))
    return tuple(sorted(tenants, key=lambda tenant: -(tenant.memory_bytes or 0)))


def _process_name(pid: int) -> str:
    try:
        return one_line(psutil.Process(pid).name(), 60)
    except psutil.Error:
        return f"process {pid}"
