"""How fast the processor reads its RAM, measured in under a second with nothing but the C library.

Decoding on the processor reads every active weight once for each token, so this number bounds it. `memchr` for a byte
that does not occur only reads; `memmove` reads and writes and counts twice. Both let go of the interpreter's lock.
Reading is tried with several thread counts, because one thread reaches a third of a desktop's memory and two hardware
threads on one core slow each other down; copying with the best of them. The clock ends it: what is not tried by then is
left out.
"""

import contextlib
import ctypes
import mmap
import re
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from doctor.collect import files
from doctor.collect.cpu import read_cpu
from doctor.collect.deadline import in_thread
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Bandwidth

MIB = 1 << 20
# Three times the last cache: measured on a 32 MiB cache, twice reads up to 20 % high, three times is level with eight.
CACHES = 3
SMALLEST_BYTES = 48 * MIB
LARGEST_BYTES = 256 * MIB
LARGEST_CACHE_BYTES = 128 * MIB
LOOP_S, QUICK_LOOP_S = 0.1, 0.05
REPEATS = 2
BUDGET_S = 0.8  # no further round is begun after this long
DEADLINE_S = 5.0
FILLER = 7  # written first: fresh pages all map to one page of zeros, which stays in the cache
ABSENT = 1
# Decoding reaches 0.75 to 0.9 of a good measurement and 0.58 of the data sheet's peak, which the speed model wants.
PEAK_OF_MEASURED = 0.8 / 0.58

Kernel = Callable[[int, int], int]


class Round(NamedTuple):
    """What one way with one thread count reached, in bytes per second."""

    kernel: str = ""
    threads: int = 1
    rates: tuple[float, ...] = ()

    @property
    def rate(self) -> float:
        """The best repeat."""
        return max(self.rates, default=0.0)


async def collect_bandwidth(context: Context) -> Bandwidth:
    """Memory bandwidth of this machine. Raises Skip where it cannot be measured honestly."""
    return await in_thread(lambda: measure(Path("/")), DEADLINE_S, "measuring the memory's speed")


def measure(root: Path, *, quick: bool = False) -> Bandwidth:
    """Measure now, blocking, in under a second; `quick` reads with all cores only, in about 0.15 s.

    Raises Skip when the caches are too large for the working set that we allow ourselves.
    """
    cache = last_level_cache_bytes(root)
    if cache > LARGEST_CACHE_BYTES:
        raise Skip(f"the processor's cache of {cache // MIB} MiB hides the speed of the memory behind it")
    total = min(LARGEST_BYTES, max(SMALLEST_BYTES, CACHES * cache))
    began = time.perf_counter()
    cpu = read_cpu(root)
    loop_s = QUICK_LOOP_S if quick else LOOP_S
    usable = max(1, int(min(cpu.physical_cores or 1, cpu.quota_cores or cpu.logical_cores)))
    buffer = mmap.mmap(-1, total)  # not touched yet: ctypes would fill it without letting go of the interpreter's lock
    first = ctypes.c_char.from_buffer(buffer)
    start = ctypes.addressof(first)
    ctypes.memset(start, FILLER, total)
    best = Round()
    for name, kernel in _kernels().items():
        counts = [usable] if quick else sorted({1, max(1, usable // 2), usable}, reverse=True)
        if quick and best.rates:
            break
        for threads in [best.threads] if best.rates else counts:
            if best.rates and time.perf_counter() - began > BUDGET_S:
                break
            rates = tuple(_rate(kernel, start, total, threads, loop_s) for _ in range(REPEATS))
            best = max(best, Round(kernel=name, threads=threads, rates=rates), key=lambda found: found.rate)
    return Bandwidth(
        read_bytes_s=best.rate,
        threads=best.threads,
        seconds=time.perf_counter() - began,
        spread=round((best.rate - min(best.rates)) / best.rate, 3),
        method=f"{best.kernel} over {total // MIB} MiB",
    )


def peak_of(measured_bytes_s: float) -> float:
    """The bandwidth by the data sheet that a measurement stands for."""
    return measured_bytes_s * PEAK_OF_MEASURED


def last_level_cache_bytes(root: Path) -> int:
    """All last-level caches together, 0 when the system does not say."""
    found: dict[str, tuple[int, int]] = {}
    for index in files.entries(root / "sys/devices/system/cpu", "cpu[0-9]*/cache/index[0-9]*"):
        size = re.fullmatch(r"(\d+)([KMG])", files.word(index / "size") or "")
        level = int(files.number(index / "level") or 0)
        if size:
            shared = f"{level} {files.word(index / 'shared_cpu_list')}"
            found[shared] = (level, int(size[1]) << {"K": 10, "M": 20, "G": 30}[size[2]])
    last = max((level for level, _ in found.values()), default=0)
    return sum(size for level, size in found.values() if level == last)


def _kernels() -> dict[str, Kernel]:
    """Ways to move memory: (address, bytes) -> bytes moved, the one that is closest to decoding first."""
    kernels: dict[str, Kernel] = {}
    with contextlib.suppress(OSError, AttributeError):
        library = ctypes.CDLL("msvcrt") if sys.platform == "win32" else ctypes.CDLL(None)
        memchr = library.memchr
        memchr.argtypes, memchr.restype = (ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t), ctypes.c_void_p

        def read(address: int, size: int) -> int:
            memchr(address, ABSENT, size)
            return size

        kernels["reading"] = read

    def copy(address: int, size: int) -> int:
        ctypes.memmove(address + size // 2, address, size // 2)
        return size

    return {**kernels, "copying": copy}


def _rate(kernel: Kernel, start: int, total: int, threads: int, loop_s: float) -> float:
    """Bytes per second of so many threads, each in its own part of the buffer."""
    part = total // threads // 4096 * 4096
    moved, took = [0] * threads, [1.0] * threads
    ready = threading.Barrier(threads)

    def work(index: int) -> None:
        ready.wait()
        began = time.perf_counter()
        while time.perf_counter() - began < loop_s:
            moved[index] += kernel(start + index * part, part)
        took[index] = time.perf_counter() - began

    workers = [threading.Thread(target=work, args=(index,), daemon=True) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(count / seconds for count, seconds in zip(moved, took, strict=True))
