"""What reports cost, as measured here: redaction, merging, and the exporter with two hundred targets.

    python scripts/bench_reports.py [SECONDS]

Prints rows of a Markdown table: figure, bound, share of the bound. The exporter runs for SECONDS (default 45).
"""
# ruff: noqa: ASYNC240

import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from doctor.model import Report
from doctor.redact import Redactor, gather, redacted
from doctor.report import render
from doctor.report.json import read
from doctor.ward import engine

ROOT = Path(__file__).resolve().parent.parent
TARGETS = 200
INTERVAL_S = 15.0
# A relay in a process of its own, so that its cost is not the exporter's.
DOORS = """
import asyncio, sys
async def pump(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def one(reader, writer):
    try:
        back, forth = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))
        await asyncio.gather(pump(reader, forth), pump(back, writer), return_exceptions=True)
    except OSError:
        writer.close()
async def main():
    servers = [await asyncio.start_server(one, "127.0.0.1", 0) for _ in range(int(sys.argv[1]))]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"""
Row = tuple[str, float, float, str]


def sample(url: str) -> Report:
    """A real report of a real engine."""
    words = [sys.executable, "-m", "doctor", "check", "--target", url, "--format", "json", "--redact", "nothing"]
    return read(subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=False).stdout)  # noqa: S603 - our own


def redaction(report: Report) -> Iterator[Row]:
    """A report of a megabyte whose texts all differ, and ten megabytes of log."""
    targets = []
    while len(targets) * len(render(report, "json")) < 1_000_000:
        number = len(targets)
        text = json.dumps(msgspec.to_builtins(report.targets[0])).replace("the ", f"the {number} ")
        targets.append(msgspec.convert(json.loads(text), type(report.targets[0])))
    big = msgspec.structs.replace(report, targets=tuple(targets))
    yield (
        "redaction of a report of 1 MB, CPU",
        min(cpu_s(lambda: redacted(big, Redactor(gather()))) for _ in range(3)),
        0.5,
        "s",
    )
    log = "".join(
        f"time=2026-11-02T09:12:{i % 60:02} level=INFO msg=slot {i} released n_tokens={i * 7} truncated=0\n"
        for i in range(130_000)
    )
    yield "redaction of a log of 10 MB, CPU", cpu_s(lambda: Redactor(gather()).text(log[:10_000_000])), 5, "s"


def cpu_s(work) -> float:  # type: ignore[no-untyped-def] # noqa: ANN001
    """CPU seconds of a call."""
    began_s = time.process_time()
    work()
    return time.process_time() - began_s


def merging(report: Report) -> Iterator[Row]:
    """A thousand reports into one view."""
    with tempfile.TemporaryDirectory() as folder:
        text = render(report, "json")
        for number in range(1000):
            (Path(folder) / f"{number}.json").write_text(text.replace(report.targets[0].url, f"http://h{number}:1"))
        began_s, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
        words = [sys.executable, "-m", "doctor", "merge", folder, "--format", "json"]
        subprocess.run(words, cwd=ROOT, stdout=subprocess.DEVNULL, check=False)  # noqa: S603 - our own
        wall_s, after = time.perf_counter() - began_s, resource.getrusage(resource.RUSAGE_CHILDREN)
        yield "merge of 1000 reports, wall time", wall_s, 5, "s"
        yield "the same, CPU", after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, 5, "s"


async def exporting(url: str, seconds: float) -> list[Row]:
    """Two hundred live targets at an interval of fifteen seconds: ports of a relay to one real engine."""
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        doors = await asyncio.create_subprocess_exec(
            sys.executable,
            "-c",
            DOORS,
            str(TARGETS),
            url.rpartition(":")[2],
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        ports = (await doors.stdout.readline()).split()  # type: ignore[union-attr]
        file.write("\n".join(f"http://127.0.0.1:{port.decode()}" for port in ports))
        file.flush()
        words = [sys.executable, "-m", "doctor", "serve", "--targets-file", file.name, "--listen", "127.0.0.1:0"]
        process = await asyncio.create_subprocess_exec(*words, cwd=ROOT, stderr=asyncio.subprocess.PIPE)
        await asyncio.wait_for(process.stderr.readline(), 30)  # type: ignore[union-attr]
        await asyncio.sleep(2 * INTERVAL_S)  # the first round is of whole looks
        before, began_s = used(process.pid), time.monotonic()
        await asyncio.sleep(seconds)
        after, took_s = used(process.pid), time.monotonic() - began_s
        memory = next(
            line for line in Path(f"/proc/{process.pid}/status").read_text().splitlines() if line.startswith("VmHWM")
        )
        for each in (process, doors):
            each.terminate()
            await each.wait()
    return [
        (f"exporter, {TARGETS} targets each {INTERVAL_S:.0f} s, of one core", (after - before) / took_s * 100, 20, "%"),
        ("exporter, peak memory", int(memory.split()[1]) / 1000, 150, "MB"),
    ]


def used(pid: int) -> float:
    """CPU seconds of a process so far."""
    import os

    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def rows(seconds: float) -> Iterator[Row]:
    """All rows."""
    with engine.serving() as server:
        report = sample(server.url)
        yield from redaction(report)
        yield from merging(report)
        if sys.platform == "linux":
            yield from asyncio.run(exporting(server.url, seconds))


def main() -> None:
    """Print the rows as they come."""
    for what, measured, bound, unit in rows(float(sys.argv[1]) if len(sys.argv) > 1 else 45.0):
        sys.stdout.write(f"| {what} | {measured:.3g} {unit} | {bound:g} {unit} | {measured / bound * 100:.0f} % |\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
