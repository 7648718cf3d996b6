"""What the user types commands into: the nearest shell among our own parents, else the login shell."""

import os
import sys
from collections.abc import Iterable, Mapping

import psutil

from doctor.context import Context
from doctor.facts import Shell

KINDS: Mapping[str, str] = {
    "sh": "posix",
    "bash": "posix",
    "dash": "posix",
    "zsh": "posix",
    "ksh": "posix",
    "mksh": "posix",
    "ash": "posix",
    "busybox": "posix",
    "fish": "fish",
    "pwsh": "pwsh",
    "powershell": "powershell",
    "cmd": "cmd",
}
MOST_PARENTS = 12


async def collect_shell(_: Context) -> Shell:
    """The shell of the terminal that the doctor runs in."""
    return shell_of(_parents(), os.environ, sys.platform)


def shell_of(parents: Iterable[str], environment: Mapping[str, str], platform: str) -> Shell:
    """The same from the names of our parents, nearest first. `sh` that only runs a script stands between at times."""
    names = [name.lower().removesuffix(".exe").lstrip("-") for name in parents]
    found = [name for name in names if name in KINDS]
    if found:
        name = next((n for n in found if n != "sh"), found[0])
        return Shell(kind=KINDS[name], source=f"parent process {name}")
    login = environment.get("SHELL", "").rpartition("/")[2]
    if login in KINDS:
        return Shell(kind=KINDS[login], source="SHELL")
    return Shell(kind="powershell" if platform == "win32" else "posix", source="operating system")


def _parents() -> list[str]:
    names: list[str] = []
    try:
        for process in psutil.Process().parents()[:MOST_PARENTS]:
            names.append(process.name())  # noqa: PERF401 - what was read before an error is kept
    except psutil.Error:
        pass
    return names
