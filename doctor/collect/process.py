"""The process behind the target's port: command line, environment, memory and limits, as far as we may look.

Secrets never get in: the environment is an allow-list, and values behind options such as `--api-key` are masked.
"""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import psutil

from doctor.collect import cgroup
from doctor.collect.backends import backends_of
from doctor.collect.deadline import in_thread
from doctor.collect.process_memory import held_by
from doctor.collect.servers import DEFAULT_PORTS
from doctor.collect.variables import MASK, allowed, clean
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Identity, Reach, ServerProcess
from doctor.secret_names import is_secret
from doctor.text import one_line

ROOT = Path("/")
DEADLINE_S = 6.0
MOST_ARGUMENTS = 200
MOST_CHILDREN = 20
# Command names of each runtime's server (reference of the runtimes, "process recognition").
SERVERS: dict[str, tuple[str, ...]] = {
    "ollama": ("ollama", "ollama.exe"),
    "llama.cpp": ("llama-server", "llama-server.exe", "llama"),
    "lmstudio": ("lm studio", "llmster", "lm studio.exe"),
    "koboldcpp": ("koboldcpp", "koboldcpp.exe"),
    "llama-swap": ("llama-swap",),
    "localai": ("local-ai", "localai"),
}
# Programs that bring a port of another machine here: the hardware of this machine is not the server's.
TUNNELS = ("ssh", "sshd", "autossh", "kubectl", "socat", "frpc", "tailscaled", "chisel")
# Programs that publish a port of a container on this machine.
CONTAINER_PORTS = ("docker-proxy", "com.docker.backend", "rootlessport", "pasta", "slirp4netns", "gvproxy")
FORWARDERS = ("nginx", "caddy", "traefik", "haproxy", "envoy", "apache2", "httpd")
SECRET_OPTION = re.compile(r"-{1,2}[\w-]*(?:key|token|secret|password)[\w-]*", re.IGNORECASE)
NO_SECRET = ("--api-key-file", "--max-tokens", "--override-kv")


async def collect_server_process(context: Context) -> ServerProcess:
    """The process that listens on the target's port. Raises Skip when it is elsewhere or cannot be seen."""
    reach = await context.fact(Reach)
    if not reach.local:
        raise Skip("the server runs on another machine: its process cannot be seen from here")
    try:
        runtime = (await context.fact(Identity)).runtime
    except Skip:
        runtime = ""
    return await in_thread(lambda: read_server_process(reach.port, runtime), DEADLINE_S, "the list of processes")


def read_server_process(port: int, runtime: str, root: Path = ROOT) -> ServerProcess:
    """The process on this port, else the only one of this runtime. Raises Skip with the reason."""
    pid, addresses = _listener(port)
    try:
        if pid is None:
            pid = _only_server(runtime, port, psutil.process_iter(("pid", "ppid", "name", "cmdline")))
        if pid is None:
            seen = "belongs to another user and cannot be looked at" if addresses else "cannot be found on this machine"
            raise Skip(f"the process behind port {port} {seen}")
        return _described(psutil.Process(pid), addresses, root)
    except psutil.NoSuchProcess:
        raise Skip(f"the process behind port {port} ended while it was looked at") from None
    except psutil.AccessDenied:
        raise Skip(f"the process behind port {port} may not be looked at by this user") from None


def _listener(port: int) -> tuple[int | None, tuple[str, ...]]:
    """Process (None: not ours to know) and addresses of the sockets that listen on the port."""
    try:
        sockets = [(c.pid, c) for c in psutil.net_connections("tcp")]
    except (psutil.Error, OSError):
        sockets = _own_sockets()
    ours = [(pid, c) for pid, c in sockets if c.status == psutil.CONN_LISTEN and c.laddr and c.laddr.port == port]
    return next((pid for pid, _ in ours if pid), None), tuple(sorted({str(ip) for _, c in ours for ip in c.laddr[:1]}))


def _own_sockets() -> list[tuple[int | None, Any]]:
    """Where the system shows the sockets of all users to root only: those of the processes that we may see."""
    found: list[tuple[int | None, Any]] = []
    for process in psutil.process_iter(("pid",)):
        try:
            found += [(process.pid, connection) for connection in process.net_connections("tcp")]
        except psutil.Error:
            continue
    return found


def _only_server(runtime: str, port: int, processes: Iterable[psutil.Process]) -> int | None:
    """The one process that is this runtime's server, when its port fits: a service of another user shows no socket."""
    names = SERVERS.get(runtime, ())
    seen = [p.info for p in processes if (p.info["name"] or "").lower() in names]
    pids = {info["pid"] for info in seen}
    fitting = [
        info["pid"]
        for info in seen
        if info["ppid"] not in pids and _port_of(info["cmdline"] or (), runtime) in (port, None)
    ]
    return fitting[0] if len(fitting) == 1 else None


def _port_of(words: Sequence[str], runtime: str) -> int | None:
    """The port on a command line, else the runtime's usual one; None where the port is set elsewhere."""
    for first, second in zip(words, [*words[1:], ""], strict=True):
        if first == "--port" and second.isdigit():
            return int(second)
        if first.startswith("--port=") and first[7:].isdigit():
            return int(first[7:])
    return None if runtime == "ollama" else DEFAULT_PORTS.get(runtime)


def _described(process: psutil.Process, addresses: tuple[str, ...], root: Path) -> ServerProcess:
    name = one_line(process.name(), 60)
    base = name.lower().removesuffix(".exe")
    if name.lower() in CONTAINER_PORTS:
        raise Skip(f"the port is published by {name}: the server's process is inside a container")
    if base in FORWARDERS:
        raise Skip(f"the port belongs to {name}, which passes requests on: the server behind it cannot be told")
    if base in TUNNELS:
        return ServerProcess(pid=process.pid, name=name, listens_on=addresses, tunnel=True)
    family = [process, *_descendants(process)]
    environment = _environment(process)
    limit = cgroup.memory_limit(psutil.virtual_memory().total, pid=process.pid, root=root)
    libraries = backends_of([p.pid for p in family], root)
    return ServerProcess(
        pid=process.pid,
        name=name,
        command=cleaned(_command(process)),
        environment=allowed(environment or {}),
        environment_readable=environment is not None,
        threads=sum(_threads(p) for p in family) or None,
        listens_on=addresses,
        children=tuple(cleaned(_command(p)) for p in family[1 : MOST_CHILDREN + 1]),
        child_pids=tuple(p.pid for p in family[1:]),
        user=_user(process),
        folder=_folder(process),
        memory_limit_bytes=limit.limit_bytes if limit else None,
        memory_limit_used_bytes=limit.used_bytes if limit else None,
        oom_kills=limit.oom_kills if limit else None,
        backends=libraries[0] if libraries else None,
        backends_beside=libraries[1] if libraries else (),
        **msgspec.structs.asdict(held_by(family, root)),
    )


def cleaned(words: Sequence[str]) -> tuple[str, ...]:
    """A command line, capped, without control characters, values of secret options masked."""
    kept: list[str] = []
    masked = False
    for word in words[:MOST_ARGUMENTS]:
        option, equals, _ = word.partition("=")
        if masked:
            kept.append(MASK)
        elif equals and (_is_secret_option(option) or (not option.startswith("-") and is_secret(option))):
            kept.append(f"{clean(option)}={MASK}")
        else:
            kept.append(clean(word))
        masked = not masked and not equals and _is_secret_option(word)
    return tuple(kept)


def _is_secret_option(word: str) -> bool:
    return word not in NO_SECRET and (word == "-hft" or SECRET_OPTION.fullmatch(word) is not None)


def _descendants(process: psutil.Process) -> list[psutil.Process]:
    try:
        return list(process.children(recursive=True))
    except psutil.Error:
        return []


def _command(process: psutil.Process) -> list[str]:
    try:
        return list(process.cmdline())
    except psutil.Error:
        return []


def _environment(process: psutil.Process) -> dict[str, str] | None:
    try:
        return dict(process.environ())
    except (psutil.Error, OSError, ValueError):
        return None


def _threads(process: psutil.Process) -> int:
    try:
        return int(process.num_threads())
    except psutil.Error:
        return 0


def _folder(process: psutil.Process) -> str:
    try:
        return one_line(process.cwd(), 4096)
    except (psutil.Error, OSError):
        return ""


def _user(process: psutil.Process) -> str:
    try:
        return one_line(process.username(), 60)
    except (psutil.Error, KeyError):
        return ""
