"""A process as it must be known to be stopped and started again, unmasked. Never a fact, never in a report."""

import os
import socket
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
import psutil

from doctor.errors import Skip

SAME_MOMENT_S = 0.05  # two readings of one process' start differ by rounding


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """A running process: its words and variables as they are, and when it began, so that it is not mistaken later."""

    pid: int
    created_s: float
    command: tuple[str, ...]
    environment: dict[str, str]
    folder: str
    terminal: str = ""
    output: str = ""  # file that it writes its output to, "" for a terminal, a pipe or nothing


def look(pid: int) -> Alive:
    """The process of this number. Raises Skip when it is gone, not ours, or not wholly readable."""
    try:
        process = psutil.Process(pid)
        with process.oneshot():
            if not _ours(process):
                raise Skip(f"process {pid} runs as another user")
            found = Alive(
                pid=pid,
                created_s=process.create_time(),
                command=tuple(process.cmdline()),
                environment=dict(process.environ()),
                folder=process.cwd(),
                terminal=_terminal(process),
                output=_output(pid),
            )
    except (psutil.Error, OSError):
        raise Skip(f"process {pid} has ended or may not be looked at") from None
    if not found.command or not found.folder:
        raise Skip(f"the command line or the folder of process {pid} cannot be read")
    return found


def is_alive(pid: int, created_s: float) -> bool:
    """Whether this very process still runs, and not another one that got its number."""
    try:
        process = psutil.Process(pid)
        same = abs(process.create_time() - created_s) < SAME_MOMENT_S
        return same and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def created(pid: int) -> float:
    """When a process began, in seconds since the epoch; 0 when it is gone."""
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return 0.0


def running_as(command: Sequence[str], folder: str, since_s: float) -> list[tuple[int, float]]:
    """Our processes with exactly this command line and folder that began after a moment: number and beginning."""
    found: list[tuple[int, float]] = []
    for process in psutil.process_iter(("pid",)):
        try:
            same = process.cmdline() == list(command) and process.cwd() == folder and _ours(process)
            began_s = process.create_time()
        except (psutil.Error, OSError):
            continue
        if same and began_s >= since_s - SAME_MOMENT_S and process.pid != os.getpid():
            found.append((process.pid, began_s))
    return found


def descendants(pid: int) -> list[tuple[int, float]]:
    """Processes that this one has started, and those that they have: number and beginning."""
    try:
        return [(child.pid, child.create_time()) for child in psutil.Process(pid).children(recursive=True)]
    except psutil.Error:
        return []


def listens(port: int) -> bool:
    """Whether some process listens on this TCP port of the machine, as far as that can be seen by trying."""
    for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
        try:
            with socket.socket(family) as trial:
                trial.settimeout(1.0)
                if trial.connect_ex((host, port)) == 0:
                    return True
        except OSError:
            continue
    return False


def _ours(process: psutil.Process) -> bool:
    if sys.platform == "win32":
        return bool(process.username() == psutil.Process().username())
    return bool({os.geteuid()} == set(process.uids()))


def _terminal(process: psutil.Process) -> str:
    return str(process.terminal() or "") if hasattr(process, "terminal") else ""


def _output(pid: int) -> str:
    """The ordinary file behind its standard error or output, where the system says so (Linux)."""
    for number in (2, 1):
        try:
            target = Path(f"/proc/{pid}/fd/{number}").readlink()
            if target.is_file() and os.access(target, os.W_OK):
                return str(target)
        except (OSError, ValueError):
            continue
    return ""
