"""How the server's process was started: by hand, by systemd, launchd, a container engine or another program.

systemd: the unit is the last part of the process' cgroup (systemd.slice(5)); it counts as what started the process only
when the unit's main process is the server or above it, because a terminal lives in a unit too.
"""

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import psutil

from doctor.collect import containers, files
from doctor.collect.command import output
from doctor.collect.deadline import in_thread
from doctor.collect.servers import PARENTS, runtime_of
from doctor.context import Context
from doctor.errors import Skip, Trouble
from doctor.facts import Launch, Reach, ServerProcess
from doctor.plan import systemd
from doctor.text import one_line

ROOT = Path("/")
DEADLINE_S = 3.0
SYSTEMCTL = "/usr/bin/systemctl"
UNIT = re.compile(r"(?:^|/)([\w@.:\\-]+\.service)(?:/|$)", re.MULTILINE)
# Programs whose work is to start others again when they end.
SUPERVISORS = ("supervisord", "runsv", "s6-supervise", "pm2", "monit", "circusd", "dinit", "nssm")
APPLICATION = re.compile(r"/([^/]+)\.app/Contents/")
AGENTS = (Path.home() / "Library/LaunchAgents", Path("/Library/LaunchAgents"), Path("/Library/LaunchDaemons"))
WINDOWS_APPS = ("ollama app", "lm studio")


class Seen:
    """What the process table says about a process and its parents. Raises psutil.Error when it may not be looked at."""

    def __init__(self, pid: int) -> None:
        process = psutil.Process(pid)
        self.pid = pid
        self.name = process.name().lower().removesuffix(".exe")
        self.folder = _text(process.cwd)
        self.program = _text(process.exe)
        self.own = _is_own(process)
        parents = process.parents()
        self.parent_pids = [parent.pid for parent in parents]
        self.parent = _text(parents[0].name).lower().removesuffix(".exe") if parents else ""
        self.parent_runtime = _runtime(parents[0]) if parents else ""

    def launch(
        self,
        method: str,
        name: str = "",
        *,
        files: Iterable[str] = (),
        drop_in: str = "",
        definition: str = "",
        wrapped: bool = False,
    ) -> Launch:
        """A launch of this process."""
        return Launch(
            method=method,
            name=one_line(name, 100),
            files=tuple(files),
            drop_in=drop_in,
            definition=definition,
            folder=self.folder,
            program=self.program,
            own=self.own,
            wrapped=wrapped,
        )


async def collect_launch(context: Context) -> Launch:
    """How the target's server was started. Raises Skip when it runs elsewhere or cannot be seen."""
    reach = await context.fact(Reach)
    if not reach.local:
        raise Skip("the server runs on another machine: how it was started cannot be seen from here")
    try:
        process = await context.fact(ServerProcess)
    except Skip as skip:
        launch = await containers.publishing(reach.port)
        if launch is None:
            raise Skip(f"how the server was started is not known: {skip.reason}") from None
        return launch
    if process.tunnel:
        raise Skip("the port is forwarded from another machine")
    return await launch_of(process.pid)


async def launch_of(pid: int, root: Path = ROOT, systemctl: str = SYSTEMCTL) -> Launch:
    """The same for a process. Raises Skip when it ended or may not be looked at."""
    try:
        seen = await in_thread(lambda: Seen(pid), DEADLINE_S, "the list of processes")
    except psutil.Error:
        raise Skip(f"process {pid} ended or may not be looked at") from None
    group = files.text(root / f"proc/{pid}/cgroup") or ""
    container = containers.id_in(group)
    if container and container not in (files.text(root / "proc/self/cgroup") or ""):
        return await containers.inspected(container) or Launch(method="docker", name=container[:12])
    units = [unit for unit in UNIT.findall(group) if not unit.startswith("user@")]
    launch = await _unit(units[-1], "user@" in group, seen, systemctl) if units else None
    return launch or _by_parents(seen)


async def _unit(unit: str, of_user: bool, seen: Seen, systemctl: str) -> Launch | None:
    """The systemd unit that started the process; None when it only lives inside it."""
    words = (*(("--user",) if of_user else ()), "show", unit, "-p", "MainPID,FragmentPath,DropInPaths")
    try:
        shown = await output(systemctl, words, DEADLINE_S, environment=_session() if of_user else {})
    except Trouble:
        return None
    fields = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    main = int(fields["MainPID"]) if fields.get("MainPID", "").isdigit() else 0
    if main != seen.pid and main not in seen.parent_pids:
        return None
    base = Path.home() / ".config/systemd/user" if of_user else Path("/etc/systemd/system")
    drop_in = base / f"{unit}.d" / systemd.NAME
    return seen.launch(
        "systemd-user" if of_user else "systemd",
        unit,
        files=[path for path in (fields.get("FragmentPath", ""), *fields.get("DropInPaths", "").split()) if path],
        drop_in=str(drop_in),
        definition=containers.masked(files.text(drop_in) or ""),
        wrapped=main != seen.pid,
    )


def _session() -> Mapping[str, str]:
    """What `systemctl --user` needs to find the user's service manager."""
    runtime = os.environ.get("XDG_RUNTIME_DIR") or (f"/run/user/{os.getuid()}" if hasattr(os, "getuid") else "")
    return {"XDG_RUNTIME_DIR": runtime}


def _by_parents(seen: Seen) -> Launch:
    if seen.parent_runtime in PARENTS:
        return seen.launch("child", seen.parent_runtime)
    if seen.parent.startswith(SUPERVISORS):
        return seen.launch("supervised", seen.parent)
    if sys.platform == "darwin":
        return _on_mac(seen)
    if sys.platform == "win32" and (seen.parent in WINDOWS_APPS or seen.name.startswith(WINDOWS_APPS)):
        return seen.launch("app", seen.parent or seen.name)
    if sys.platform == "win32" and seen.parent == "services":
        return seen.launch("windows-service", seen.name)
    return seen.launch("plain", seen.parent)


def _on_mac(seen: Seen) -> Launch:
    application = APPLICATION.search(seen.program)
    if application:
        return seen.launch("app", application[1])
    agent = agent_of(seen.program, AGENTS) if seen.parent_pids[:1] == [1] else None
    if agent is not None:
        return seen.launch("launchd", agent.stem, files=[str(agent)])
    return seen.launch("plain", seen.parent)


def agent_of(program: str, folders: Iterable[Path]) -> Path | None:
    """The property list of launchd that names this program."""
    name = program.rpartition("/")[2]
    lists = (path for folder in folders for path in files.entries(folder, "*.plist"))
    return next((path for path in lists if name and f"/{name}</string>" in (files.text(path) or "")), None)


def _text(read: Callable[[], str]) -> str:
    try:
        return str(read())
    except (psutil.Error, OSError):
        return ""


def _is_own(process: psutil.Process) -> bool:
    """Whether it runs as we do; a program with more rights than its user is not ours."""
    try:
        if sys.platform == "win32":
            return bool(process.username() == psutil.Process().username())
        return bool({os.geteuid()} == set(process.uids()))
    except psutil.Error:
        return False


def _runtime(process: psutil.Process) -> str:
    try:
        return runtime_of(process.name(), process)
    except (psutil.Error, OSError):
        return ""
