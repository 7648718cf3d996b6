"""Model servers among the processes of this machine, and the ports that they listen on."""

from collections.abc import Mapping

import msgspec
import psutil

# Names as the process table shows them, without `.exe`, in lower case. Servers written in Python have `python` as
# their process and are recognised by a word of their command line. Sources: runtimes.md 1.2.
PROGRAMS: Mapping[str, str] = {
    "ollama": "ollama",
    "ollama app": "ollama",
    "llama-server": "llama.cpp",
    "llama": "llama.cpp",
    "lm studio": "lmstudio",
    "llmster": "lmstudio",
    "llama-swap": "llama-swap",
    "local-ai": "localai",
    "localai": "localai",
    "lemond": "lemonade",
    "lemonade-server": "lemonade",
    "jan": "jan",
    "koboldcpp": "koboldcpp",
    "llamafiler": "llamafile",
    "text-generation-launcher": "tgi",
    "text-generation-router": "tgi",
    "model-runner": "docker-model-runner",
    "vllm": "vllm",
    "sglang": "sglang",
}
COMMAND_WORDS: Mapping[str, str] = {
    "vllm": "vllm",
    "sglang": "sglang",
    "mlx_lm.server": "mlx-lm",
    "mlx_lm": "mlx-lm",
    "koboldcpp.py": "koboldcpp",
    "llama_cpp.server": "openai",
    "xinference": "xinference",
    "xinference-local": "xinference",
    "gpustack": "gpustack",
    "transformers": "transformers",
}
# A llama-server that one of these started is its engine, not a server of its own.
PARENTS = frozenset({"ollama", "lmstudio", "jan", "lemonade", "llama-swap", "localai", "docker-model-runner"})
DEFAULT_PORTS: Mapping[str, int] = {
    "ollama": 11434,
    "llama.cpp": 8080,
    "lmstudio": 1234,
    "vllm": 8000,
    "sglang": 30000,
    "koboldcpp": 5001,
    "jan": 1337,
    "lemonade": 13305,
    "docker-model-runner": 12434,
    "xinference": 9997,
}
PORT_OPTIONS = ("--port", "-port", "--listen", "-listen", "--api-port")
MAX_COMMAND_WORDS = 200


class KnownServer(msgspec.Struct, frozen=True, kw_only=True):
    """A process that is a known model server. `ports` are those it listens on, as far as they can be read."""

    pid: int
    runtime: str
    ports: tuple[int, ...] = ()


def running_servers() -> tuple[KnownServer, ...]:
    """Every known model server among the processes, engines started by another one left out.

    The sockets of another user's process cannot be read without privileges; then the port is taken from the
    command line, or the runtime's default.
    """
    found: list[KnownServer] = []
    for process in psutil.process_iter():
        try:
            runtime = runtime_of(process.name(), process)
            if runtime and not _is_engine_of_another(runtime, process):
                found.append(KnownServer(pid=process.pid, runtime=runtime, ports=_ports(process, runtime)))
        except (psutil.Error, OSError, ValueError):
            continue  # it ended, or it is none of our business
    return tuple(found)


def runtime_of(name: str, process: psutil.Process) -> str:
    """The runtime that a process is by its name or command line, "" for any other program."""
    plain_name = name.lower().removesuffix(".exe")
    known = PROGRAMS.get(plain_name)
    if plain_name == "llama":
        return "llama.cpp" if {"serve", "server"}.intersection(process.cmdline()[1:2]) else ""
    if known:
        return known
    if plain_name.startswith("koboldcpp"):
        return "koboldcpp"
    if plain_name.endswith(".llamafile"):
        return "llamafile"
    program = _program(process.cmdline()) if plain_name.startswith("python") else plain_name
    return next((runtime for word, runtime in COMMAND_WORDS.items() if _names(word, program)), "")


def _program(command: list[str]) -> str:
    """The script or module that an interpreter runs: `python -u -m vllm.x` -> `vllm.x`, "" for code of its own."""
    words = iter(command[1:MAX_COMMAND_WORDS])
    for word in words:
        if word == "-m":
            return next(words, "")
        if word == "-c":
            return ""
        if word in {"-X", "-W"}:
            next(words, "")
        elif not word.startswith("-"):
            return word
    return ""


def _names(word: str, program: str) -> bool:
    """Whether a program or module is this one: `vllm.entrypoints.openai.api_server`, `/usr/bin/vllm`."""
    name = program.replace("\\", "/").rpartition("/")[2].removesuffix(".exe")
    return name == word or name.startswith(word + ".")


def _is_engine_of_another(runtime: str, process: psutil.Process) -> bool:
    parent = process.parent()
    if parent is None:
        return False
    owner = runtime_of(parent.name(), parent)
    return owner in PARENTS or owner == runtime


def _ports(process: psutil.Process, runtime: str) -> tuple[int, ...]:
    try:
        sockets = process.net_connections(kind="tcp")
    except psutil.AccessDenied:
        port = _port_option(process.cmdline()[:MAX_COMMAND_WORDS]) or DEFAULT_PORTS.get(runtime)
        return (port,) if port else ()
    return tuple(sorted({s.laddr.port for s in sockets if s.status == psutil.CONN_LISTEN}))


def _port_option(command: list[str]) -> int | None:
    for index, word in enumerate(command):
        option, equals, value = word.partition("=")
        if option in PORT_OPTIONS:
            text = value if equals else "".join(command[index + 1 : index + 2])
            digits = text.rpartition(":")[2]
            if digits.isdecimal() and 0 < int(digits) < 65536:
                return int(digits)
    return None
