"""Children of the ward as ordinary programs: a name, a command line, an environment, a log, and a port."""

import contextlib
import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from doctor.errors import WardError
from doctor.ward import leash

READY_S = 60.0  # a start takes 0.6 s on two cores; a loaded test machine may take many times that
POLL_S = 0.02
HOST = "127.0.0.1"
START = 'import runpy\n\nrunpy.run_module("{module}", run_name="__main__", alter_sys=True)\n'


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """A child that answers at `url`, a process `pid` that writes what it prints to `log`."""

    url: str
    pid: int
    log: Path


@contextlib.contextmanager
def launched(
    name: str, module: str, words: Sequence[str], *, life_s: float, variables: Mapping[str, str] | None = None
) -> "Iterator[tuple[subprocess.Popen[bytes], Path]]":
    """A child called `name` that runs one of our modules. It ends with the block or with this process."""
    with (
        tempfile.TemporaryDirectory(prefix="llm-doctor-ward-", ignore_cleanup_errors=True) as place,
        leash.kept(life_s) as held,
    ):
        script, log = Path(place) / name, Path(place) / f"{name}.log"
        script.write_text(START.format(module=module), encoding="utf-8")
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603 - our own file, run by this interpreter
                [sys.executable, "-P", str(script), *words],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **(variables or {}), **held},
                cwd=place,
                start_new_session=os.name == "posix",  # Ctrl-C is for the doctor, who still talks to the patient
            )
        try:
            yield process, log
        finally:
            process.kill()
            process.wait()


def ready(process: "subprocess.Popen[bytes]", log: Path, port: int, path: str) -> Program:
    """The child as soon as it answers 200 on `path`. Raises WardError when it ends before."""
    ends_s = time.monotonic() + READY_S
    while time.monotonic() < ends_s:
        if process.poll() is not None:
            raise WardError("it ended before it was ready")
        if _answers(port, path):
            return Program(url=f"http://{HOST}:{port}", pid=process.pid, log=log)
        time.sleep(POLL_S)
    raise WardError(f"the engine was not ready within {READY_S:.0f} s")


def _answers(port: int, path: str) -> bool:
    connection = http.client.HTTPConnection(HOST, port, timeout=READY_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def free_port() -> int:
    """A port that nobody listens on in this moment."""
    with socket.socket() as trial:
        trial.bind((HOST, 0))
        return int(trial.getsockname()[1])
