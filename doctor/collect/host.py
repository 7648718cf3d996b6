"""The machine: operating system, memory, swap traffic and our own environment."""

import asyncio
import os
import platform
import re
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from doctor.collect import cgroup, files
from doctor.collect.command import output
from doctor.collect.variables import allowed
from doctor.context import Context
from doctor.errors import Skip, Trouble
from doctor.facts import Environment, Memory, Swapping, System
from doctor.model import Depth

ROOT = Path("/")
KIB = 1024
# A passive diagnosis of one server has one second in all; a longer look sees rarer bursts.
PASSIVE_SAMPLE_S = 0.25
SAMPLE_S = 1.5
# Starting a Windows program takes a second, too long for a passive run that has plenty of RAM.
ASK_WINDOWS_BELOW = 0.25
POWERSHELL = "/mnt/c/Windows/System32/WindowsPowerShell/v1.0/powershell.exe"
WINDOWS_MEMORY = "(Get-CimInstance Win32_ComputerSystem).TotalPhysicalMemory"
CONTAINERS = ("kubepods", "docker", "podman", "libpod", "lxc")


async def collect_system(context: Context) -> System:
    """The operating system, the container and the power source."""
    return read_system(ROOT, os.environ)


def read_system(root: Path, environment: Mapping[str, str]) -> System:
    """The same, read below `root`."""
    version = (files.word(root / "proc/version") or "").lower()
    return System(
        os={"win32": "windows"}.get(sys.platform, sys.platform),
        release=platform.release(),
        arch=platform.machine().lower(),
        container=_container(root, environment),
        wsl="microsoft" in version,
        on_battery=_on_battery(root),
    )


def _container(root: Path, environment: Mapping[str, str]) -> str | None:
    if "KUBERNETES_SERVICE_HOST" in environment:
        return "kubernetes"
    if (root / ".dockerenv").exists():
        return "docker"
    if (root / "run/.containerenv").exists():
        return "podman"
    groups = files.text(root / "proc/1/cgroup") or ""
    named = environment.get("container") or next((name for name in CONTAINERS if name in groups), None)
    return {"kubepods": "kubernetes", "libpod": "podman"}.get(named, named) if named else None


def _on_battery(root: Path) -> bool | None:
    """Whether the machine's own battery feeds it; None without a battery. A mouse's battery does not count."""
    if sys.platform != "linux":
        import psutil

        battery = psutil.sensors_battery()
        return None if battery is None or battery.power_plugged is None else not battery.power_plugged
    supplies = files.entries(root / "sys/class/power_supply", "*")
    own = [s for s in supplies if files.word(s / "type") == "Battery" and files.word(s / "scope") != "Device"]
    if not own:
        return None
    if any(files.word(s / "type") in ("Mains", "USB") and files.word(s / "online") == "1" for s in supplies):
        return False
    return any(files.word(s / "status") == "Discharging" for s in own)


async def collect_memory(context: Context) -> Memory:
    """RAM, swap and the cgroup's limit; inside WSL also what Windows has, where that may matter."""
    memory = read_memory(ROOT)
    tight = memory.available_bytes < memory.total_bytes * ASK_WINDOWS_BELOW
    if "microsoft" in (files.word(ROOT / "proc/version") or "").lower() and (
        tight or context.depth is not Depth.PASSIVE
    ):
        memory = msgspec.structs.replace(memory, wsl_host_total_bytes=await _windows_total())
    return memory


async def _windows_total() -> int | None:
    """RAM of the machine as Windows reports it to a program started from WSL; None when it may not be asked."""
    try:
        said = await output(POWERSHELL, ("-NoProfile", "-NonInteractive", "-Command", WINDOWS_MEMORY))
    except Trouble:
        return None
    return int(said) if said.strip().isdigit() else None


def read_memory(root: Path) -> Memory:
    """The same, read below `root`. Raises Skip when the system does not say how much memory it has."""
    total, available, swap_total, swap_free = _meminfo(root) if sys.platform == "linux" else _psutil_memory()
    limit = cgroup.memory_limit(total, root=root)
    return Memory(
        total_bytes=total,
        available_bytes=available,
        swap_total_bytes=swap_total,
        swap_used_bytes=max(0, swap_total - swap_free),
        limit_bytes=limit.limit_bytes if limit else None,
        limit_used_bytes=limit.used_bytes if limit else None,
        oom_kills=limit.oom_kills if limit else None,
    )


def _meminfo(root: Path) -> tuple[int, int, int, int]:
    text = files.text(root / "proc/meminfo") or ""
    found: dict[str, str] = dict(re.findall(r"^(\w+): +(\d+) kB", text, re.MULTILINE))
    if "MemTotal" not in found:
        raise Skip("the system does not say how much memory it has")
    available = found.get("MemAvailable", found.get("MemFree", "0"))
    kib = (found["MemTotal"], available, found.get("SwapTotal", "0"), found.get("SwapFree", "0"))
    total, free, swap_total, swap_free = (int(n) * KIB for n in kib)
    return total, free, swap_total, swap_free


def _psutil_memory() -> tuple[int, int, int, int]:
    import psutil

    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    return memory.total, memory.available, swap.total, swap.free


async def collect_swapping(context: Context) -> Swapping:
    """Swap traffic between two samples. Raises Skip where the system does not count it."""
    seconds = PASSIVE_SAMPLE_S if context.depth is Depth.PASSIVE else SAMPLE_S
    return await sample_swapping(ROOT, seconds)


async def sample_swapping(root: Path, seconds: float) -> Swapping:
    """The same, read below `root`."""
    loop = asyncio.get_running_loop()
    before, began = await _swap_counters(root), loop.time()
    await asyncio.sleep(seconds)
    after, took = await _swap_counters(root), loop.time() - began
    rates = [max(0, b - a) / took for a, b in zip(before, after, strict=True)]
    return Swapping(in_bytes_s=rates[0], out_bytes_s=rates[1], reread_bytes_s=rates[2], seconds=took)


async def _swap_counters(root: Path) -> tuple[int, int, int]:
    """Bytes swapped in, swapped out and read again since boot."""
    if sys.platform == "darwin":
        return _mac_counters(await output("/usr/bin/vm_stat", ()))
    found: dict[str, str] = dict(re.findall(r"^(\w+) (\d+)$", files.text(root / "proc/vmstat") or "", re.MULTILINE))
    if "pswpin" not in found:
        raise Skip("this system does not count what it swaps")
    page = os.sysconf("SC_PAGE_SIZE")
    names = ("pswpin", "pswpout", "workingset_refault_file")
    swapped_in, swapped_out, reread = (int(found.get(name, 0)) * page for name in names)
    return swapped_in, swapped_out, reread


def _mac_counters(text: str) -> tuple[int, int, int]:
    """From `vm_stat`; psutil's numbers for macOS count ordinary file reads as swap."""
    page = re.search(r"page size of (\d+) bytes", text)
    ins, outs = re.search(r"Swapins: +(\d+)", text), re.search(r"Swapouts: +(\d+)", text)
    if not page or not ins or not outs:
        raise Skip("vm_stat does not say what was swapped")
    size = int(page[1])
    return int(ins[1]) * size, int(outs[1]) * size, 0


async def collect_environment(context: Context) -> Environment:
    """Variables of our own shell that matter here."""
    return Environment(variables=allowed(os.environ))
