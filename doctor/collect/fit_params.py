"""Ask llama.cpp what a model takes: `llama-fit-params --fit-print on` allocates nothing and prints MiB for each device.

Only a program that the user has is asked: on the search path, or beside the executable of a server that runs here. It
gets an argument list, a deadline and no variable that would change its settings. Output and options: llama.cpp
`tools/fit-params` and `common/arg.cpp` at 3f545bec (b11549). Matrices packed for the processor are missing in its
numbers, so that packing is switched off; a failed load ends in a debugger unless backtraces are.
"""

import contextlib
import os
import re
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from doctor.errors import Malformed, Trouble
from doctor.facts import ServerProcess
from doctor.sizing.probed import DeviceNeed, Probed
from doctor.sizing.settings import Settings
from doctor.text import one_line

PROGRAM = "llama-fit-params.exe" if os.name == "nt" else "llama-fit-params"
SERVERS = frozenset({"llama-server", "llama"})
DEADLINE_S = 5.0
MAX_DEVICES = 64
HOST = "Host"
LINE = re.compile(r"^(?P<name>\S.{0,99}?)\s+(?P<model>\d{1,9})\s+(?P<context>\d{1,9})\s+(?P<compute>\d{1,9})\s*$")
# What a loader needs to find drivers; nothing of these changes what is computed.
KEPT_VARIABLES = (
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
    "SYSTEMROOT",
    "WINDIR",
    "TEMP",
    "TMPDIR",
    "HOME",
    "USERPROFILE",
)
NO_DEBUGGER = {"GGML_NO_BACKTRACE": "1"}
# Which devices are seen, as the server sees them.
DEVICE_VARIABLES = ("CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "GGML_VK_VISIBLE_DEVICES")
# Options of a server that decide about memory and that this program knows; the first spelling is given on.
WITH_VALUE: tuple[tuple[str, ...], ...] = (
    ("--ctx-size", "-c"),
    ("--batch-size", "-b"),
    ("--ubatch-size", "-ub"),
    ("--flash-attn", "-fa"),
    ("--cache-type-k", "-ctk"),
    ("--cache-type-v", "-ctv"),
    ("--gpu-layers", "-ngl", "--n-gpu-layers"),
    ("--split-mode", "-sm"),
    ("--tensor-split", "-ts"),
    ("--main-gpu", "-mg"),
    ("--device", "-dev"),
    ("--override-tensor", "-ot"),
    ("--n-cpu-moe", "-ncmoe"),
    ("--override-kv",),
)
FLAGS: tuple[tuple[str, ...], ...] = (
    ("--swa-full",),
    ("--cpu-moe", "-cmoe"),
    ("--no-kv-offload", "-nkvo"),
    ("--no-host",),
)
LAST = ("--no-repack", "--fit-print", "on")
UNIFIED = ("-kvu", "--kv-unified")
SLOTS = ("-np", "--parallel")


def locate(beside: Iterable[Path] = ()) -> Path | None:
    """The program in the folder of one of these executables, else on the search path; None when it is not here."""
    places = [executable.parent / PROGRAM for executable in beside]
    named = shutil.which(PROGRAM)
    places += [Path(named)] if named else []
    return next((place.resolve() for place in places if _may_be_started(place)), None)


def locate_here() -> Path | None:
    """The program on the search path, else beside a server that runs on this machine."""
    return locate() or locate(_executables_of_servers())


def executables_of(pids: Iterable[int]) -> list[Path]:
    """The programs that these processes run, as far as this user may look."""
    import psutil

    found = []
    for pid in pids:
        with contextlib.suppress(psutil.Error, OSError):
            executable = psutil.Process(pid).exe()
            found += [Path(executable)] if executable else []
    return found


def _executables_of_servers() -> list[Path]:
    """Executables of the llama.cpp servers that run here."""
    import psutil

    names = ((process.pid, str(process.info["name"] or "")) for process in psutil.process_iter(["name"]))
    return executables_of(pid for pid, name in names if name.lower().removesuffix(".exe") in SERVERS)


def _may_be_started(path: Path) -> bool:
    """A regular program that only this user or the system's administrator can have written."""
    try:
        info = path.resolve().stat()
    except OSError:
        return False
    if not stat.S_ISREG(info.st_mode) or not os.access(path, os.X_OK):
        return False
    if os.name == "nt":
        return True
    return info.st_uid in (0, os.getuid()) and not info.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def arguments_for(path: Path, settings: Settings, layers: int) -> tuple[str, ...]:
    """The options that mean these settings. A unified cache is asked for as one slot of all tokens."""
    slots = 1 if settings.kv_unified else settings.slots
    words = ["--model", str(path), "--ctx-size", str(settings.context), "--parallel", str(slots)]
    words += ["--ubatch-size", str(settings.ubatch), "--batch-size", str(max(settings.ubatch, 2048))]
    words += ["--cache-type-k", settings.kv_type_k, "--cache-type-v", settings.kv_type_v]
    words += ["--flash-attn", "on" if settings.flash_attention else "off"]
    on_gpu = 0 if settings.backend == "cpu" else layers if settings.gpu_layers < 0 else settings.gpu_layers
    words += ["--gpu-layers", str(on_gpu)]
    words += ["--swa-full"] if settings.swa_full else []
    words += ["--cpu-moe"] if settings.experts_on_cpu else []
    return (*words, *LAST)


def arguments_of(process: ServerProcess, path: Path, context: int, slots: int) -> tuple[str, ...]:
    """The server's own options as far as they decide about memory, with the context that it serves."""
    words = ["--model", str(path)]
    for names in WITH_VALUE:
        value = process.setting(_variable(names[0]), *names)
        if names[0] != "--ctx-size" and value:
            words += [names[0], value]
    for names in FLAGS:
        if any(word in names for command in (process.command, *process.children) for word in command):
            words.append(names[0])
    unified = any(word in UNIFIED for command in (process.command, *process.children) for word in command)
    # A server without a slot count shares one cache among its slots.
    shared = unified or not process.setting("LLAMA_ARG_N_PARALLEL", *SLOTS)
    words += ["--ctx-size", str(context), "--parallel", str(1 if shared else slots)]
    return (*words, *LAST)


def _variable(option: str) -> str:
    names = {
        "--gpu-layers": "LLAMA_ARG_N_GPU_LAYERS",
        "--ubatch-size": "LLAMA_ARG_UBATCH",
        "--batch-size": "LLAMA_ARG_BATCH",
    }
    return names.get(option, "LLAMA_ARG_" + option.removeprefix("--").replace("-", "_").upper())


def ask_now(program: Path, arguments: Sequence[str]) -> Probed | None:
    """The same from code that does not wait; None when the program fails."""
    import asyncio

    try:
        return asyncio.run(ask(program, arguments, os.environ))
    except Trouble:
        return None


async def ask(
    program: Path, arguments: Sequence[str], environment: Mapping[str, str], deadline_s: float = DEADLINE_S
) -> Probed:
    """What the program prints for these arguments. Raises Unreachable, TooLate or Malformed."""
    from doctor.collect.command import output

    kept = {name: environment[name] for name in (*KEPT_VARIABLES, *DEVICE_VARIABLES) if name in environment}
    text = await output(str(program), arguments, deadline_s, kept | NO_DEBUGGER)
    devices = parse(text)
    return Probed(devices=devices[:-1], host=devices[-1], program=str(program), arguments=tuple(arguments))


def parse(text: str) -> tuple[DeviceNeed, ...]:
    """The lines `DEVICE model context compute` that end with the host's. Raises Malformed when there are none."""
    found = []
    for line in text.splitlines():
        match = LINE.match(line)
        if match:
            found.append(
                DeviceNeed(
                    name=one_line(match["name"], 100),
                    model_mib=int(match["model"]),
                    context_mib=int(match["context"]),
                    compute_mib=int(match["compute"]),
                )
            )
    if not found or found[-1].name != HOST or len(found) > MAX_DEVICES:
        msg = f"{PROGRAM} printed no table of devices"
        raise Malformed(msg)
    return tuple(found)
