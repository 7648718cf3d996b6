"""A server process stopped and started again: detached, with the same folder and variables, and waited for."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from doctor.collect import alive
from doctor.errors import Skip, TreatError
from doctor.text import one_line
from doctor.treat.acts import Restart, Start
from doctor.treat.ready import READY_S, is_ready, port_of

PATIENCE_S = 15.0  # a server that is asked to end finishes running answers first
POLL_S = 0.1
GRACE_S = 0.5
LOG_LINES = 5
MAX_SAID = 1 << 20

Known = tuple[int, float]  # a process' number and beginning
Note = Callable[[int, float], None]


async def restarted(act: Restart, note: Note) -> None:
    """Stop the old process and start the new one; `note` writes the new one down. Raises TreatError.

    When the new one does not come up, or the wait is interrupted, the old one is started again before this ends.
    """
    if not alive.is_alive(act.pid, act.created_s):
        raise TreatError("the server has ended or was started again meanwhile: nothing was changed")
    try:
        await _stop([(act.pid, act.created_s)], act.url)
        await _start(act.new, act.url, note)
    except (TreatError, asyncio.CancelledError) as error:
        await _put_back_after(act, note, error)
        raise


async def _put_back_after(act: Restart, note: Note, error: BaseException) -> None:
    try:
        await put_back(act, note)
    except TreatError as second:
        raise TreatError(f"{error or 'it was interrupted'}; {second}") from second
    if isinstance(error, TreatError):
        raise TreatError(f"{error}; the server runs again as it did before") from error


async def put_back(act: Restart, note: Note, new: Known | None = None) -> None:
    """The old server instead of the new one: nothing is done where it still runs. Raises TreatError."""
    if alive.is_alive(act.pid, act.created_s):
        return
    await _stop([*([new] if new else []), *_new_ones(act)], act.url)
    if await asyncio.to_thread(alive.listens, port_of(act.url)):
        words = one_line(" ".join(act.old.command), 500)
        raise TreatError(
            f"something else listens on port {port_of(act.url)} now; the old server was started as: {words}"
        )
    await _start(act.old, act.url, note)


def _new_ones(act: Restart) -> list[Known]:
    """Processes that the act has started and that nobody wrote down: same words, folder and changed variables."""
    changed = {name: act.new.environment.get(name) for name in {*act.new.environment, *act.old.environment}}
    changed = {name: value for name, value in changed.items() if value != act.old.environment.get(name)}
    found = []
    for pid, created_s in alive.running_as(act.new.command, act.new.folder, act.created_s):
        with contextlib.suppress(Skip):
            variables = alive.look(pid).environment
            if all(variables.get(name) == value for name, value in changed.items()):
                found.append((pid, created_s))
    return found


async def _stop(processes: Sequence[Known], url: str) -> None:
    """End processes and wait until the port is free. Raises TreatError."""
    for pid, created_s in processes:
        await _end(pid, created_s)
    if not processes:
        return
    port = port_of(url)
    free = await _until(lambda: not alive.listens(port), PATIENCE_S)
    # What keeps servers running does so at once.
    if not free or await _until(lambda: alive.listens(port), GRACE_S):
        raise TreatError(
            f"something starts the server again as soon as it ends (port {port} is taken): change it there"
        )


async def _end(pid: int, created_s: float) -> None:
    """Ask a process to end, and kill it and what it started when patience is over. Raises TreatError."""
    family = [(pid, created_s), *alive.descendants(pid)]

    def gone() -> bool:
        return not any(alive.is_alive(*one) for one in family)

    _signal(family[:1], signal.SIGTERM)
    if await _until(gone, PATIENCE_S):
        return
    _signal(family, getattr(signal, "SIGKILL", signal.SIGTERM))
    if not await _until(gone, PATIENCE_S):
        raise TreatError(f"process {pid} does not end")


def _signal(processes: Sequence[Known], number: int) -> None:
    for pid, created_s in processes:
        if alive.is_alive(pid, created_s):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, number)


async def _until(holds: Callable[[], bool], seconds: float) -> bool:
    """Whether something comes to hold in time."""
    ends_s = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        if time.monotonic() > ends_s:
            return False
        await asyncio.sleep(POLL_S)
    return True


async def _start(start: Start, url: str, note: Note) -> None:
    """Start a server and wait until it is ready. Raises TreatError with the last lines that it printed."""
    begins = _size(start.log)
    process = _spawned(start)
    note(process.pid, alive.created(process.pid))
    ends_s = time.monotonic() + READY_S
    while not await is_ready(url):
        if process.poll() is not None:
            raise TreatError(f"the server ended with code {process.returncode}: {_said(start.log, begins)}")
        if time.monotonic() > ends_s:
            raise TreatError(f"the server was not ready after {READY_S:.0f} s: {_said(start.log, begins)}")
        await asyncio.sleep(POLL_S)


class _Detached(subprocess.Popen[bytes]):
    """A process that is meant to outlive us, which Python would warn about."""

    def __del__(self) -> None:
        pass


def _spawned(start: Start) -> _Detached:
    """The process, in a session of its own: it outlives this program and its terminal."""
    new_group = getattr(subprocess, "DETACHED_PROCESS", 0) | getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0)
    try:
        Path(start.log).parent.mkdir(parents=True, exist_ok=True)
        with Path(start.log).open("ab") as output:
            return _Detached(
                list(start.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=start.environment,
                cwd=start.folder,
                close_fds=True,
                start_new_session=sys.platform != "win32",
                creationflags=new_group,
            )
    except OSError as error:
        raise TreatError(f"{start.command[0]} cannot be started: {error.strerror or error}") from error


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def _said(path: str, begins: int) -> str:
    """The last lines that a server printed since it was started."""
    try:
        with Path(path).open("rb") as file:
            file.seek(begins)
            text = file.read(MAX_SAID).decode(errors="replace")
    except OSError:
        return "it left no word"
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(" / ".join(lines[-LOG_LINES:]), 600) or "it left no word"
