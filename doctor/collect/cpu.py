"""The processor: cores, vector extensions, limits, and how busy others keep it."""

import asyncio
import os
import platform
import re
import sys
from pathlib import Path

import psutil

from doctor.collect import cgroup, files
from doctor.collect.command import output
from doctor.collect.deadline import in_thread
from doctor.context import Context
from doctor.errors import Trouble
from doctor.facts import BusyProcess, Cpu, CpuLoad
from doctor.model import Depth
from doctor.text import one_line

ROOT = Path("/")
PASSIVE_SAMPLE_S = 0.25
SAMPLE_S = 1.0
SCAN_DEADLINE_S = 5.0
BUSIEST = 5
WORTH_NAMING_CORES = 0.1
# ARM cores at less than this share of the largest capacity are efficiency cores.
PERFORMANCE_CAPACITY = 0.6


async def collect_cpu(context: Context) -> Cpu:
    """Cores, flags and limits of this machine's processor."""
    if sys.platform == "darwin":
        return await _mac_cpu()
    return await in_thread(lambda: read_cpu(ROOT), SCAN_DEADLINE_S, "reading the processor's description")


def read_cpu(root: Path) -> Cpu:
    """The same, read below `root`."""
    info = files.text(root / "proc/cpuinfo") or ""
    names = re.findall(r"^(?:model name|Model|Hardware)\s*: (.+)$", info, re.MULTILINE)
    flags = re.search(r"^(?:flags|Features)\s*: (.+)$", info, re.MULTILINE)
    logical = os.cpu_count() or 1
    return Cpu(
        name=one_line(names[0] if names else platform.processor(), 100),
        physical_cores=_physical_cores(root),
        logical_cores=logical,
        performance_cores=_performance_cores(root),
        quota_cores=_usable_cores(root, logical),
        numa_nodes=max(1, len(files.entries(root / "sys/devices/system/node", "node[0-9]*"))),
        flags=tuple(flags[1].lower().split()) if flags else (),
        flags_known=flags is not None,
    )


def _cpus(root: Path) -> list[Path]:
    return files.entries(root / "sys/devices/system/cpu", "cpu[0-9]*")


def _core(cpu: Path) -> str | None:
    """What the hardware threads of one core have in common."""
    return files.word(cpu / "topology/core_cpus_list") or files.word(cpu / "topology/thread_siblings_list")


def _physical_cores(root: Path) -> int | None:
    cores = {core for cpu in _cpus(root) if (core := _core(cpu))}
    return len(cores) or psutil.cpu_count(logical=False)


def _performance_cores(root: Path) -> int | None:
    """Physical cores of the fast kind on a processor with two kinds; None when all are alike."""
    fast = _listed(files.word(root / "sys/devices/cpu_core/cpus") or "")
    if not fast:
        capacities = {cpu: files.number(cpu / "cpu_capacity") or 0.0 for cpu in _cpus(root)}
        largest = max(capacities.values(), default=0.0)
        fast = {cpu.name for cpu, capacity in capacities.items() if capacity >= largest * PERFORMANCE_CAPACITY > 0}
    cores = {_core(cpu) or cpu.name for cpu in _cpus(root) if cpu.name in fast}
    return len(cores) if 0 < len(fast) < len(_cpus(root)) else None


def _listed(ranges: str) -> set[str]:
    """`0-3,8` as names of directories: cpu0 ... cpu3, cpu8."""
    found: set[str] = set()
    for first, last in re.findall(r"(\d+)(?:-(\d+))?", ranges):
        found.update(f"cpu{n}" for n in range(int(first), min(int(last or first), int(first) + 4096) + 1))
    return found


def _usable_cores(root: Path, logical: int) -> float | None:
    """The cgroup's quota or the set of cores we may run on, whichever is smaller; None without a limit."""
    limits = [quota for quota in (cgroup.cpu_quota_cores(root=root),) if quota is not None and quota < logical]
    if sys.platform == "linux" and len(os.sched_getaffinity(0)) < logical:
        limits.append(float(len(os.sched_getaffinity(0))))
    return min(limits, default=None)


async def _mac_cpu() -> Cpu:
    """From sysctl. A Mac with an M chip has vector units that need no flag; flags are left unknown."""

    async def value(name: str) -> str:
        try:
            return (await output("/usr/sbin/sysctl", ("-n", name))).strip()
        except Trouble:
            return ""

    fast = await value("hw.perflevel0.physicalcpu")
    return Cpu(
        name=one_line(await value("machdep.cpu.brand_string"), 100),
        physical_cores=psutil.cpu_count(logical=False),
        logical_cores=psutil.cpu_count() or 1,
        performance_cores=int(fast) if fast.isdigit() else None,
    )


async def collect_cpu_load(context: Context) -> CpuLoad:
    """How busy the processor is, and who keeps it busy, ourselves left out."""
    seconds = PASSIVE_SAMPLE_S if context.depth is Depth.PASSIVE else SAMPLE_S
    what = "the list of processes"
    loop = asyncio.get_running_loop()
    before, began = await in_thread(_times, SCAN_DEADLINE_S, what), loop.time()
    await asyncio.sleep(seconds)
    after = await in_thread(_times, SCAN_DEADLINE_S, what)
    return load_between(before, after, loop.time() - began)


class Times:
    """Processor seconds spent so far: idle and in all, and by process with its name."""

    def __init__(self, idle_s: float, all_s: float, by_pid: dict[int, tuple[float, str]]) -> None:
        self.idle_s = idle_s
        self.all_s = all_s
        self.by_pid = by_pid


def _times() -> Times:
    now = psutil.cpu_times()
    by_pid: dict[int, tuple[float, str]] = {}
    for process in psutil.process_iter(("cpu_times", "name")):
        spent = process.info["cpu_times"]
        if spent is not None and process.pid != os.getpid():
            by_pid[process.pid] = (spent.user + spent.system, one_line(process.info["name"] or "?", 60))
    # user already holds guest time; steal is time that the hypervisor gave to other machines
    parts = [getattr(now, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal")]
    idle = now.idle + getattr(now, "iowait", 0.0)
    return Times(idle, idle + sum(parts), by_pid)


def load_between(before: Times, after: Times, seconds: float) -> CpuLoad:
    """The load between two samples. Counters that run backwards count as no load."""
    passed = after.all_s - before.all_s
    busy = 1 - (after.idle_s - before.idle_s) / passed if passed > 0 else 0.0
    used = [
        BusyProcess(pid=pid, name=name, cores=round((spent - before.by_pid[pid][0]) / seconds, 2))
        for pid, (spent, name) in after.by_pid.items()
        if pid in before.by_pid
    ]
    used = sorted((p for p in used if p.cores >= WORTH_NAMING_CORES), key=lambda p: -p.cores)[:BUSIEST]
    return CpuLoad(
        busy_share=min(1.0, max(0.0, busy)),
        seconds=seconds,
        busiest=tuple(f"{p.name} (process {p.pid}, {p.cores:.1f} cores)" for p in used),
        processes=tuple(used),
    )
