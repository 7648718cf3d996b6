"""Limits that a container or a service manager puts on a process: cgroup v2 and v1.

Sources: Documentation/admin-guide/cgroup-v2.rst (memory.max, memory.current, memory.stat, memory.events, cpu.max) and
cgroup-v1/memory.rst (memory.limit_in_bytes, memory.usage_in_bytes, memory.oom_control) of the Linux kernel.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from doctor.collect import files

ROOT = Path("/")


class MemoryLimit(msgspec.Struct, frozen=True, kw_only=True):
    """The tightest limit above a process. `used_bytes` leaves out page cache that the kernel can drop at once."""

    limit_bytes: int
    used_bytes: int | None = None
    oom_kills: int | None = None


def memory_limit(total_bytes: int, *, pid: int | str = "self", root: Path = ROOT) -> MemoryLimit | None:
    """The tightest memory limit of a process' cgroups; None when there is none below `total_bytes`, the RAM."""
    found = [limit for folder in _folders(root, pid, "memory") if (limit := _limit_in(folder))]
    real = [limit for limit in found if 0 < limit.limit_bytes < total_bytes]
    return min(real, key=lambda limit: limit.limit_bytes, default=None)


def cpu_quota_cores(*, pid: int | str = "self", root: Path = ROOT) -> float | None:
    """How many cores' worth of time the process may use; None without a quota."""
    quotas = [quota for folder in _folders(root, pid, "cpu") if (quota := _quota_in(folder)) is not None]
    return min(quotas, default=None)


def _folders(root: Path, pid: int | str, controller: str) -> Iterator[Path]:
    """The process' cgroup and its parents, innermost first, in the v2 tree and in the v1 tree of the controller."""
    for line in (files.text(root / f"proc/{pid}/cgroup") or "").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers == "":
            mount = root / "sys/fs/cgroup"
        elif controller in controllers.split(","):
            mount = next((m for m in _v1_mounts(root, controllers, controller) if m.is_dir()), None) or root / "none"
        else:
            continue
        # Inside a container the path is the host's and does not exist below the mount: the mount itself is ours then.
        inner = path.strip("/")
        group = mount / inner
        if ".." in inner or not group.is_dir():
            group = mount
        while True:
            yield group
            if group == mount:
                break
            group = group.parent


def _v1_mounts(root: Path, controllers: str, controller: str) -> tuple[Path, ...]:
    return root / "sys/fs/cgroup" / controllers, root / "sys/fs/cgroup" / controller


def _limit_in(folder: Path) -> MemoryLimit | None:
    """The memory limit written in one cgroup's files."""
    if limit := files.number(folder / "memory.max"):
        return MemoryLimit(
            limit_bytes=int(limit),
            used_bytes=_used(folder / "memory.current", folder / "memory.stat", "inactive_file"),
            oom_kills=_field(folder / "memory.events", "oom_kill"),
        )
    if limit := files.number(folder / "memory.limit_in_bytes"):
        return MemoryLimit(
            limit_bytes=int(limit),
            used_bytes=_used(folder / "memory.usage_in_bytes", folder / "memory.stat", "total_inactive_file"),
            oom_kills=_field(folder / "memory.oom_control", "oom_kill"),
        )
    return None


def _used(usage: Path, stat: Path, droppable: str) -> int | None:
    used = files.number(usage)
    return None if used is None else max(0, int(used) - (_field(stat, droppable) or 0))


def _field(path: Path, name: str) -> int | None:
    """The number behind a name in a file of `name number` lines."""
    for line in (files.text(path) or "").splitlines():
        words = line.split()
        if len(words) == 2 and words[0] == name and words[1].isdigit():
            return int(words[1])
    return None


def _quota_in(folder: Path) -> float | None:
    """Cores allowed by one cgroup's files."""
    words = (files.word(folder / "cpu.max") or "").split()
    if len(words) == 2 and words[0].isdigit() and words[1].isdigit() and int(words[1]):
        return int(words[0]) / int(words[1])
    quota = files.number(folder / "cpu.cfs_quota_us")
    period = files.number(folder / "cpu.cfs_period_us")
    return quota / period if quota and period and quota > 0 else None
