"""Programs of the operating system that say something about it: absolute path, no shell, deadline, capped output."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

from doctor.errors import Malformed, TooLate, Unreachable

DEADLINE_S = 5.0
MAX_BYTES = 1 << 20


async def output(
    program: str,
    arguments: Sequence[str],
    deadline_s: float = DEADLINE_S,
    environment: Mapping[str, str] | None = None,
) -> str:
    """What the program prints. Raises Unreachable when it is missing or fails, TooLate, or Malformed above the cap.

    `program` is an absolute path: a look-alike in the current directory is never started. It gets a search path of
    the system's own folders and `environment`, nothing of ours.
    """
    name = Path(program).name
    try:
        process = await asyncio.create_subprocess_exec(
            program,
            *arguments,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", **(environment or {})},
            start_new_session=True,
        )
    except OSError as error:
        msg = f"{name} cannot be started: {error.strerror}"
        raise Unreachable(msg) from error
    try:
        async with asyncio.timeout(deadline_s):
            text = await _read(process, name)
    except TimeoutError:
        msg = f"{name} gave no answer within {deadline_s:.0f} s"
        raise TooLate(msg) from None
    finally:
        await _end(process)
    if process.returncode:
        msg = f"{name} ended with exit code {process.returncode}"
        raise Unreachable(msg)
    return text


async def _read(process: asyncio.subprocess.Process, name: str) -> str:
    """All of its output, then its end. Raises Malformed above the cap."""
    assert process.stdout is not None  # noqa: S101 - it was started with a pipe
    read = bytearray()
    while chunk := await process.stdout.read(1 << 16):
        read += chunk
        if len(read) > MAX_BYTES:
            msg = f"{name} printed more than {MAX_BYTES} bytes"
            raise Malformed(msg)
    await process.wait()
    return read.decode(errors="replace")


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill the program and what it started, if it still runs."""
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()
