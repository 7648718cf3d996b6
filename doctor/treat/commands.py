"""Programs that a remedy runs: an argument list, an absolute path, no shell, a deadline, bounded output."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import Sequence
from pathlib import Path

from doctor.errors import TreatError
from doctor.text import one_line

DEADLINE_S = 600.0  # `lms load` reads a model from the disk
MAX_BYTES = 1 << 20
# What programs need to find their files, their user's service manager and their server; nothing else of ours.
PASSED_ON = (
    *("PATH", "HOME", "USER", "LOGNAME", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"),
    *("DBUS_SESSION_BUS_ADDRESS", "TMPDIR", "SYSTEMROOT", "USERPROFILE", "APPDATA", "LOCALAPPDATA", "OLLAMA_HOST"),
)


def located(program: str) -> str:
    """The absolute path of a program, never one of the current folder. Raises TreatError when there is none."""
    places = [place for place in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(place)]  # noqa: PTH117
    found = shutil.which(program, path=os.pathsep.join(places))
    if found is None or not Path(found).is_absolute():
        raise TreatError(f"the program {program} is not installed, or not on the search path")
    return found


async def ran(command: Sequence[str]) -> str:
    """Run it and give what it printed. Raises TreatError when it fails or takes too long."""
    name = Path(command[0]).name
    try:
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={name: os.environ[name] for name in PASSED_ON if name in os.environ} | {"LC_ALL": "C", "PAGER": "cat"},
            start_new_session=True,
        )
    except OSError as error:
        raise TreatError(f"{name} cannot be started: {error.strerror}") from error
    try:
        async with asyncio.timeout(DEADLINE_S):
            said = await _read(process)
    except TimeoutError:
        raise TreatError(f"{name} did not end within {DEADLINE_S:.0f} s") from None
    finally:
        await _end(process)
    if process.returncode:
        raise TreatError(
            f"{name} ended with code {process.returncode}: {one_line(said[-600:], 300) or 'without a word'}"
        )
    return said


async def _read(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    kept = bytearray()
    while chunk := await process.stdout.read(1 << 16):
        kept += chunk
        del kept[:-MAX_BYTES]
    await process.wait()
    return kept.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
