"""Memory that a process and its children hold: in RAM, private to them, and locked there."""

import re
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from doctor.collect import files


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes, under the names of the fact ServerProcess; None where the system does not say."""

    rss_bytes: int | None
    private_bytes: int | None
    locked_bytes: int | None
    lock_limit_bytes: int | None


def held_by(family: Sequence[psutil.Process], root: Path) -> Held:
    """The sums over a server and its descendants, and the limit for locked RAM of the last of them."""
    return Held(
        rss_bytes=_sum([_rss(process) for process in family]) or None,
        private_bytes=_sum([_private(process) for process in family]),
        locked_bytes=_sum([_locked(root, process.pid) for process in family]),
        lock_limit_bytes=_lock_limit(root, family[-1].pid),
    )


def _sum(parts: list[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known else None


def _rss(process: psutil.Process) -> int | None:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return None


def _private(process: psutil.Process) -> int | None:
    """Resident bytes that are no pages of files; only Linux tells them apart."""
    try:
        memory = process.memory_info()
    except psutil.Error:
        return None
    return int(memory.rss - memory.shared) if hasattr(memory, "shared") else None


def _locked(root: Path, pid: int) -> int | None:
    found = re.search(r"^VmLck:\s+(\d+) kB$", files.text(root / f"proc/{pid}/status") or "", re.MULTILINE)
    return int(found[1]) * 1024 if found else None


def _lock_limit(root: Path, pid: int) -> int | None:
    """Bytes of RAM that the process may lock; None without a limit."""
    found = re.search(r"^Max locked memory\s+(\d+)", files.text(root / f"proc/{pid}/limits") or "", re.MULTILINE)
    return int(found[1]) if found else None
