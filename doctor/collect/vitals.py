"""The machine's vital signs at one moment: cheap enough to be read every two seconds for hours."""

import asyncio
import os
import re
import sys
import time
from pathlib import Path

import msgspec
import psutil

from doctor.collect import files
from doctor.collect.gpu import look
from doctor.collect.host import ROOT, read_memory
from doctor.collect.machine import DEVICE_FILES
from doctor.errors import DoctorError, Skip
from doctor.facts import Gpu, Memory
from doctor.text import one_line
from doctor.vitals import Holder, Machine

MOST_HOLDERS = 3
HOLDER_BYTES = 64 << 20  # a process that holds less explains nothing
HOLDERS_S, NO_GPU_S = 10.0, 60.0  # between two looks at all processes, and for a GPU where there was none
NAME_CHARACTERS = 40
COUNTERS = re.compile(r"^(pswpin|pswpout|workingset_refault_file) (\d+)$", re.MULTILINE)


class Looker:
    """Looks at the machine again and again, and remembers what changes slowly."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._holders: tuple[Holder, ...] = ()
        self._holders_at_s = -HOLDERS_S
        self._no_gpu_at_s = -NO_GPU_S

    async def look(self) -> Machine:
        """The machine now. What cannot be read is left out."""
        machine_ = await asyncio.to_thread(self._machine)
        gpus = await self._gpus(machine_.at_s)
        return msgspec.structs.replace(machine_, gpus=gpus)

    def _machine(self) -> Machine:
        now_s = time.monotonic()
        if now_s - self._holders_at_s >= HOLDERS_S:
            self._holders, self._holders_at_s = holders(self.root), now_s
        swapped = swap_counters(self.root)
        return Machine(
            at_s=now_s,
            memory=_memory(self.root),
            cpu_busy=psutil.cpu_percent(None) / 100,
            holders=self._holders,
            swapped_in_bytes=swapped[0],
            swapped_out_bytes=swapped[1],
            reread_bytes=swapped[2],
        )

    async def _gpus(self, now_s: float) -> tuple[Gpu, ...]:
        if now_s - self._no_gpu_at_s < NO_GPU_S or not _may_have_gpu():
            return ()
        try:
            found = (await look()).devices
        except DoctorError:
            found = ()
        if not found:
            self._no_gpu_at_s = now_s
        return found


def _may_have_gpu() -> bool:
    return sys.platform != "linux" or any(Path(place).exists() for place in DEVICE_FILES)


def _memory(root: Path) -> Memory | None:
    try:
        return read_memory(root)
    except Skip:
        return None


def holders(root: Path) -> tuple[Holder, ...]:
    """The processes that hold most RAM. Under Linux the kernel's own numbers, which cost a tenth of psutil's."""
    sizes = _sizes_linux(root) if sys.platform == "linux" else _sizes()
    largest = sorted(sizes, reverse=True)[:MOST_HOLDERS]
    return tuple(
        Holder(pid=pid, name=one_line(_name(pid), NAME_CHARACTERS), bytes=size)
        for size, pid in largest
        if size >= HOLDER_BYTES
    )


def _sizes_linux(root: Path) -> list[tuple[int, int]]:
    page, found = os.sysconf("SC_PAGE_SIZE"), []
    for name in os.listdir(root / "proc"):  # noqa: PTH208 - Path doubles the cost
        if name.isdecimal():
            try:
                with open(f"{root}/proc/{name}/statm", "rb") as file:  # noqa: PTH123
                    found.append((int(file.read().split()[1]) * page, int(name)))
            except (OSError, ValueError, IndexError):
                continue  # it ended meanwhile
    return found


def _sizes() -> list[tuple[int, int]]:
    memory = ((process, process.info["memory_info"]) for process in psutil.process_iter(["memory_info"]))
    return [(int(held.rss), process.pid) for process, held in memory if held is not None]


def _name(pid: int) -> str:
    try:
        return psutil.Process(pid).name()
    except psutil.Error:
        return f"process {pid}"


def swap_counters(root: Path) -> tuple[int | None, int | None, int | None]:
    """Bytes swapped in, swapped out and read again since boot; None where the kernel has no such counter at hand."""
    text = files.text(root / "proc/vmstat") if sys.platform == "linux" else None
    found: dict[str, str] = dict(
        re.findall(r"^(pswpin|pswpout|workingset_refault_file) (\d+)$", text or "", re.MULTILINE)
    )
    if "pswpin" not in found:
        return None, None, None
    page = os.sysconf("SC_PAGE_SIZE")
    swapped_in, swapped_out, reread = (
        int(found.get(name, 0)) * page for name in ("pswpin", "pswpout", "workingset_refault_file")
    )
    return swapped_in, swapped_out, reread
