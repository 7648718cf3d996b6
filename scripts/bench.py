"""The budgets of the design as measured here: figures and their share of the bound, as a Markdown table.

    python scripts/bench.py

Needs the extra demo (the live rows use a healthy patient of the ward) and a POSIX system. Times are medians.
"""

import json
import os
import pty
import resource
import select
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from doctor.ward import engine
from doctor.ward.matrix import answer_tokens, asked

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = [sys.executable, "-m", "doctor"]
REPEATS = 7
SLOW_REPEATS = 3
PAINT_DEADLINE_S = 20.0
# In a network namespace of its own a machine has no servers, whatever else runs on it.
ALONE = ["unshare", "-rn", sys.executable, "-c"]
LOOPBACK_UP = (
    "import fcntl, os, socket, struct, sys; fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sh14x', b'lo', 1));"
    "os.execv(sys.executable, [sys.executable, '-m', 'doctor', *sys.argv[1:]])"
)
Row = tuple[str, float, float, str]  # what, measured, bound, unit


def ran(command: list[str]) -> tuple[float, float, int, str]:
    """Wall seconds, CPU seconds, exit code and output of a command."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    began_s = time.perf_counter()
    ended = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False
    )
    wall_s = time.perf_counter() - began_s
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return wall_s, cpu_s, ended.returncode, ended.stdout.decode()


def cpu_ms(command: list[str]) -> float:
    """Median CPU milliseconds."""
    return statistics.median(ran(command)[1] for _ in range(REPEATS)) * 1000


def start_rows() -> Iterator[Row]:
    """What starting costs beyond the interpreter itself."""
    bare = cpu_ms([sys.executable, "-c", "pass"])
    for words in ("--version", "--help"):
        yield f"`{words}`, CPU over a bare interpreter", cpu_ms([*PROGRAM, words]) - bare, 100, "ms"


def nothing_running() -> Iterator[Row]:
    """The verdict on a machine without servers, which must be exit code 3."""
    alone = ran(["unshare", "-rn", "true"])[2] == 0
    command = [*ALONE, LOOPBACK_UP, "check"] if alone else [*PROGRAM, "check"]
    runs = [ran(command) for _ in range(SLOW_REPEATS)]
    codes = sorted({code for _, _, code, _ in runs})
    yield f"nothing running, wall time (exit code {codes[0]})", statistics.median(run[0] for run in runs), 0.6, "s"


def passive(url: str) -> Iterator[Row]:
    """Reading everything that one live server says."""
    runs = [ran([*PROGRAM, "check", "--depth", "passive", "--target", url]) for _ in range(SLOW_REPEATS)]
    yield "passive diagnosis of a live server, wall time", statistics.median(run[0] for run in runs), 1.0, "s"


def quick(url: str) -> Iterator[Row]:
    """What the default depth asks of the model, and our own share of the time."""
    wall_s, cpu_s, _, out = ran([*PROGRAM, "check", "--target", url, "--format", "json"])
    target = json.loads(out)["targets"][0]
    yield "quick set, requests to the model", asked(target["facts"]), 28, ""
    tokens = answer_tokens(target["facts"])
    yield "quick set, output tokens", tokens, 650, ""
    yield f"quick set, our own CPU share of {wall_s:.1f} s on the ward's tiny model", cpu_s / wall_s * 100, 5, "%"
    ordinary_s = max(wall_s, tokens / 20)
    yield "the same where the model writes 20 tok/s", cpu_s / ordinary_s * 100, 5, "%"


def memory(url: str) -> Iterator[Row]:
    """The most memory that a quick run held."""
    process = subprocess.Popen(  # noqa: S603 - our own program
        [*PROGRAM, "check", "--target", url], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
    )
    _, _, usage = os.wait4(process.pid, 0)
    unit = 1 if sys.platform == "darwin" else 1024
    yield "quick set, peak memory", usage.ru_maxrss * unit / 1e6, 150, "MB"


def paint(url: str) -> Iterator[Row]:
    """From the start of the process to the first text on its screen."""
    yield (
        "first paint of the full-screen view",
        statistics.median(first_paint(url) for _ in range(SLOW_REPEATS)),
        0.6,
        "s",
    )


def first_paint(url: str) -> float:
    """Seconds until the title is drawn in a terminal of 80 by 24; the deadline when it is not."""
    began_s = time.perf_counter()
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
        os.chdir(ROOT)
        os.execv(sys.executable, [*PROGRAM, "--target", url])  # noqa: S606 - our own program, no shell wanted
    seen = b""
    try:
        while b"llm-doctor" not in seen and time.perf_counter() - began_s < PAINT_DEADLINE_S:
            if select.select([terminal], [], [], 0.5)[0]:
                seen += os.read(terminal, 65536)
    except OSError:  # the program ended: nothing was painted
        return PAINT_DEADLINE_S
    else:
        return time.perf_counter() - began_s
    finally:
        os.close(terminal)  # hangs up, which ends the view
        os.kill(pid, 9)
        os.waitpid(pid, 0)


def rows() -> Iterator[Row]:
    """All rows."""
    yield from start_rows()
    yield from nothing_running()
    with engine.serving() as server:
        for part in (passive, quick, memory, paint):
            yield from part(server.url)


def main() -> None:
    """Print the table as it grows."""
    say = sys.stdout.write
    say("| what | measured | bound | of the bound |\n| --- | --- | --- | --- |\n")
    for what, measured, bound, unit in rows():
        say(f"| {what} | {measured:.3g} {unit} | {bound:g} {unit} | {measured / bound * 100:.0f} % |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
