"""A real llama.cpp server in a child process, which always ends.

It is an ordinary process with llama-server's command line (llama_server.py), so that a remedy can change that line. It
is killed when its block ends; it ends by itself when this process dies and after `Settings.max_life_s`. It listens on
loopback only.
"""

import asyncio
import contextlib
import importlib.util
import re
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import msgspec

from doctor.errors import WardError
from doctor.ward import programs
from doctor.ward.programs import Program as Engine

__all__ = ["PATIENT", "Engine", "Settings", "installed", "serve", "serving"]

PATIENT = Path(__file__).with_name("model") / "patient.q8_0.gguf"
TRAINED_CONTEXT = 4096
TRIES = 3  # another program may take the free port before the engine does
# A log line of level E: `0.00.016.399 E llama_model_load: error loading model: ...`
ERROR_LINE = re.compile(r"^[\d.]+ E (.+)$", re.MULTILINE)
PORT_TAKEN = "couldn't bind HTTP server socket"


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
    flags: dict[str, str | int | float | bool] = {}  # further options of llama-server that llama_server.py knows
    environment: dict[str, str] = {}  # variables of the server
    port: int = 0
    max_life_s: float = 900.0

    def command(self, model: Path, port: int) -> list[str]:
        """The words behind the program's name; level 4 is the first that logs memory sizes."""
        words = ["-m", str(model), "--host", programs.HOST, "--port", str(port), "-c", str(self.context)]
        words += ["-np", str(self.slots), *(["-kvu"] if self.unified else []), "-t", str(self.threads)]
        words += ["--metrics", "-lv", "4"]
        words += [] if self.thinking else ["--reasoning", "off"]
        named = {"--alias": self.name, "--api-key": self.api_key, "--chat-template": self.chat_template}
        words += [word for name, text in named.items() if text for word in (name, text)]
        if self.embeddings:  # an embedding is one batch; a longer text would be refused
            batch = ["-b", str(self.context), "-ub", str(self.context)]
            words += ["--embeddings", "--pooling", self.embeddings, *batch]
        for name, value in self.flags.items():
            words += [] if value is False else [name] if value is True else [name, str(value)]
        return words


def installed() -> bool:
    """Whether the wheel that carries the engine is there."""
    return importlib.util.find_spec("xllamacpp") is not None


@contextlib.contextmanager
def serving(model: Path = PATIENT, settings: Settings | None = None) -> Iterator[Engine]:
    """A running server for the time of a `with` block. Raises WardError with the engine's own words."""
    with contextlib.ExitStack() as stack:
        yield _started(model, settings or Settings(), stack)


@contextlib.asynccontextmanager
async def serve(model: Path = PATIENT, settings: Settings | None = None) -> AsyncIterator[Engine]:
    """As `serving`, for a running event loop. Cancelling it while the model loads ends the child too."""
    with contextlib.ExitStack() as stack:
        yield await asyncio.to_thread(_started, model, settings or Settings(), stack)


def _started(model: Path, settings: Settings, stack: contextlib.ExitStack) -> Engine:
    if not installed():
        raise WardError('the ward needs a model engine: pip install "llm-doctor[demo]"')
    if not model.is_file():
        raise WardError(f"there is no model file at {model}")
    for left in reversed(range(TRIES)):
        port = settings.port or programs.free_port()
        process, log = stack.enter_context(_launched(settings, model, port))
        try:
            prefix = str(settings.flags.get("--api-prefix", ""))
            return programs.ready(process, log, port, f"{prefix}/health")
        except WardError:
            said = log.read_text(encoding="utf-8", errors="replace")
            if PORT_TAKEN not in said or settings.port or not left:
                raise WardError(f"the engine did not start: {_reason(said)}") from None
    raise AssertionError  # the last try returns or raises


def _launched(
    settings: Settings, model: Path, port: int
) -> "contextlib.AbstractContextManager[tuple[subprocess.Popen[bytes], Path]]":
    words = settings.command(model, port)
    return programs.launched(
        "llama-server", "doctor.ward.llama_server", words, life_s=settings.max_life_s, variables=settings.environment
    )


def _reason(said: str) -> str:
    errors, lines = ERROR_LINE.findall(said), said.strip().splitlines()
    return (errors[0] if errors else lines[-1] if lines else "it left no word").strip()
