"""A real llama.cpp server in a child process, which always ends.

It is killed when its context ends; it ends by itself when this process dies (its stdin closes) and after
`Settings.max_life_s`. It listens on loopback only, on a free port.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from doctor.errors import WardError

PATIENT = Path(__file__).with_name("model") / "patient.q8_0.gguf"
CHILD = Path(__file__).with_name("serve_child.py")
START_DEADLINE_S = 60.0  # a start takes 0.6 s on two cores; a loaded test machine may take many times that
TRAINED_CONTEXT = 4096
# A log line of level E: `0.00.016.399 E llama_model_load: error loading model: ...`
ERROR_LINE = re.compile(r"^[\d.]+ E (.+)$", re.MULTILINE)


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the server is started; names follow llama-server's options where there is one."""

    context: int = TRAINED_CONTEXT
    slots: int = 1
    unified: bool = False
    threads: int = 1  # two that wait for each other in a busy loop are ten times slower on a loaded machine
    thinking: bool = False
    name: str = ""  # the model's name in answers; "" = the file's name
    api_key: str = ""
    chat_template: str = ""
    embeddings: str = ""  # pooling: "mean", "cls" or "last"; "" = no embeddings
    flags: dict[str, str | int | float | bool] = {}  # further options of llama-server that serve_child.py knows
    port: int = 0
    max_life_s: float = 900.0


class Engine(msgspec.Struct, frozen=True, kw_only=True):
    """A server that answers at `url`, a process `pid` that writes its log to `log`."""

    url: str
    pid: int
    log: Path


def installed() -> bool:
    """Whether the wheel that carries the engine is there."""
    return importlib.util.find_spec("xllamacpp") is not None


@contextlib.contextmanager
def serving(model: Path = PATIENT, settings: Settings | None = None) -> Iterator[Engine]:
    """A running server for the time of a `with` block. Raises WardError with the engine's own words."""
    with _launched(model, settings or Settings()) as (process, log):
        yield _ready(process, log)


@contextlib.asynccontextmanager
async def serve(model: Path = PATIENT, settings: Settings | None = None) -> AsyncIterator[Engine]:
    """As `serving`, for a running event loop. Cancelling it while the model loads ends the child too."""
    with _launched(model, settings or Settings()) as (process, log):
        yield await asyncio.to_thread(_ready, process, log)


@contextlib.contextmanager
def _launched(model: Path, settings: Settings) -> "Iterator[tuple[subprocess.Popen[bytes], Path]]":
    if not installed():
        raise WardError('the ward needs a model engine: pip install "llm-doctor[demo]"')
    if not model.is_file():
        raise WardError(f"there is no model file at {model}")
    with tempfile.TemporaryDirectory(prefix="llm-doctor-ward-", ignore_cleanup_errors=True) as folder:
        log = Path(folder) / "engine.log"
        with log.open("wb") as stderr:
            process = subprocess.Popen(  # noqa: S603 - our own file, run by this interpreter
                [sys.executable, "-P", str(CHILD), *shown(settings)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                start_new_session=os.name == "posix",  # Ctrl-C is for the doctor, who still talks to the patient
            )
        try:
            _tell(process, {"model": str(model), **msgspec.structs.asdict(settings)})
            yield process, log
        finally:
            _end(process)


def shown(settings: Settings) -> list[str]:
    """The flags as words of a command line: who looks at the process list sees what was asked for."""
    words: list[str] = []
    for flag, value in settings.flags.items():
        words += [flag] if value is True else [flag, str(value)]
    return words


def _tell(process: "subprocess.Popen[bytes]", wanted: dict[str, object]) -> None:
    assert process.stdin is not None  # noqa: S101 - for the type checker: it is a pipe
    with contextlib.suppress(BrokenPipeError):  # the child died; its log says why
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        process.stdin.flush()


def _ready(process: "subprocess.Popen[bytes]", log: Path) -> Engine:
    assert process.stdout is not None  # noqa: S101 - for the type checker: it is a pipe
    deadline = threading.Timer(START_DEADLINE_S, process.kill)
    deadline.start()
    try:
        line = process.stdout.readline()
    finally:
        deadline.cancel()
    if not line:
        raise WardError(f"the engine did not start: {_reason(log)}")
    return Engine(url=json.loads(line)["url"], pid=process.pid, log=log)


def _reason(log: Path) -> str:
    text = log.read_text(encoding="utf-8", errors="replace")
    errors = ERROR_LINE.findall(text)
    lines = text.strip().splitlines()
    return (errors[0] if errors else lines[-1] if lines else "it left no word").strip()


def _end(process: "subprocess.Popen[bytes]") -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()
    process.kill()
    process.wait()
