"""Apple's GPU, part of the chip: its memory is the machine's RAM. Read with system_profiler and sysctl."""

import json
import re
from typing import Any

from doctor.collect.command import output
from doctor.errors import Trouble
from doctor.facts import Gpu
from doctor.sizing.hardware import find
from doctor.text import one_line

PROFILER = "/usr/sbin/system_profiler"
SYSCTL = "/usr/sbin/sysctl"


async def read_apple() -> tuple[list[Gpu], list[str]]:
    """The chip's GPU. Raises Trouble when macOS does not answer."""
    displays = await output(PROFILER, ("SPDisplaysDataType", "-json"))
    memory = await output(SYSCTL, ("-n", "hw.memsize"))
    try:
        wired = await output(SYSCTL, ("-n", "iogpu.wired_limit_mb"))
    except Trouble:  # older systems do not have it
        wired = "0"
    return parse(displays, memory, wired)


def parse(displays: str, memory: str, wired_limit: str) -> tuple[list[Gpu], list[str]]:
    """GPUs from the texts of system_profiler (JSON) and sysctl; notes where a text is not what it should be."""
    try:
        entries = json.loads(displays)["SPDisplaysDataType"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return [], ["system_profiler did not describe the GPU in the form that macOS documents"]
    if not isinstance(entries, list):
        return [], ["system_profiler did not list GPUs"]
    total = _whole(memory)
    limit = _whole(wired_limit) << 20
    chips = [entry for entry in entries if isinstance(entry, dict)]
    return [_gpu(index, entry, limit or total or None) for index, entry in enumerate(chips)], []


def _gpu(index: int, entry: dict[str, Any], total: int | None) -> Gpu:
    name = one_line(str(entry.get("sppci_model") or "GPU"), 100)
    apple = name.startswith("Apple")
    return Gpu(
        index=index,
        name=name,
        vendor="apple" if apple else _vendor(name),
        memory_total_bytes=total if apple else None,
        unified=apple,
        integrated="Intel" in name,
        memory_bandwidth_bytes_s=bandwidth(name, _whole(str(entry.get("sppci_cores", "")))) if apple else None,
        source="system_profiler",
    )


def _vendor(name: str) -> str:
    """Graphics of Macs before the M chips."""
    return "intel" if "Intel" in name else "amd"


def bandwidth(name: str, gpu_cores: int) -> float | None:
    """Bytes per second of a chip's memory as listed; None for a chip that the table of devices does not know."""
    listed = find(name, cores=gpu_cores)
    return listed.bandwidth_bytes_s if listed else None


def _whole(text: str) -> int:
    """The number in a text, 0 without one."""
    number = re.match(r"\s*(\d{1,18})", text)
    return int(number[1]) if number else 0
