"""`llm-doctor watch`: the diagnosis again and again, a line for each run or only when something changes."""

import asyncio
import contextlib
import random
from pathlib import Path
from typing import TYPE_CHECKING

import click

from doctor.cli import exits
from doctor.cli.options import CONTEXT, OneOf, seconds
from doctor.cli.orderly import orderly_end
from doctor.cli.output import put, say
from doctor.errors import DoctorError, UsageError

if TYPE_CHECKING:
    from doctor.model import Report
    from doctor.runner import RunPlan

PING_DEADLINE_S = 10.0
JITTER = 0.1  # of the interval, so that many machines do not ask one server at once


@click.command("watch", context_settings=CONTEXT)
@click.option("--target", "targets", metavar="URL", multiple=True, help="A server, or its name. Repeatable.")
@click.option("--depth", type=OneOf(["passive", "quick", "deep"]), default="passive", help="Default: passive.")
@click.option("--interval", callback=seconds, default=60.0, metavar="S", help="Seconds between runs. Default: 60.")
@click.option("--times", type=click.IntRange(1), metavar="N", help="End after N runs. Default: never.")
@click.option("--format", "format_name", type=OneOf(["text", "jsonl"]), default="text", help="Default: text.")
@click.option("--changes-only", is_flag=True, help="Print only when the state or what is wrong changes.")
@click.option("--ping-file", metavar="F", help="A file with the address of a dead-man switch; it is a secret.")
@click.option("--api-key-file", metavar="F", help="A file with the key of the targets.")
def watch(  # noqa: PLR0913 - click hands over one parameter an option
    *,
    targets: tuple[str, ...],
    depth: str,
    interval: float,
    times: int | None,
    format_name: str,
    changes_only: bool,
    ping_file: str | None,
    api_key_file: str | None,
) -> int:
    """Diagnose at an interval and print one line for each run.

    With --ping-file, each run is told to ADDRESS/CODE with the exit code it would have, so that silence is noticed.
    The exit code is that of the last run.

    \b
    Examples:
      llm-doctor watch --target http://127.0.0.1:8080 --changes-only
      llm-doctor watch --interval 300 --format jsonl --ping-file ping.txt
    """  # noqa: D301 - click's mark for lines to be kept as they are
    from doctor.cli.check import key_of, named_targets
    from doctor.cli.settings import thresholds
    from doctor.model import Depth
    from doctor.runner import RunPlan

    key = key_of(api_key_file, targets) if api_key_file else ""
    plan = RunPlan(
        targets=named_targets(targets, key=key),
        depth=Depth(depth),
        deadline_s=max(5.0, interval),
        thresholds=thresholds(),
    )
    ping = _address(ping_file) if ping_file else ""
    return asyncio.run(_watched(plan, Loop(interval, times, changes_only, format_name, ping)))


class Loop:
    """How often, how long, and what is said."""

    def __init__(self, interval_s: float, times: int | None, changes_only: bool, format_name: str, ping: str) -> None:
        self.interval_s, self.times, self.changes_only = interval_s, times, changes_only
        self.format_name, self.ping = format_name, ping
        self.last: object = None

    def line(self, report: "Report") -> str:
        """What is printed of a run, "" when nothing changed and only changes are wanted."""
        from doctor.cli.cleaning import Cleaner, Privacy
        from doctor.report import render
        from doctor.report.summary import headline, sentences

        now = (report.state, [sentences(target) for target in report.targets])
        if self.changes_only and now == self.last:
            return ""
        self.last = now
        cleaner = Cleaner("secrets", Privacy())
        clean = cleaner.report(report)
        text = f"{clean.started} {clean.state.upper()} {headline(clean)}\n"
        return cleaner.text(render(clean, "jsonl").splitlines()[-1] + "\n" if self.format_name == "jsonl" else text)


def _address(path: str) -> str:
    try:
        address = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"the address in {path} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
    if not address.startswith(("http://", "https://")):
        raise UsageError(f"{path} does not hold an address that begins with https:// or http://")
    return address.rstrip("/")


async def _watched(plan: "RunPlan", loop: Loop) -> int:
    stop = asyncio.Event()
    with orderly_end(stop) as caught:
        code = await _again_and_again(plan, loop, stop)
    return caught[0] if caught else code


async def _again_and_again(plan: "RunPlan", loop: Loop, stop: asyncio.Event) -> int:
    """Run after run until it is told to stop; the exit code of the last one."""
    from doctor.cli.check import accepted
    from doctor.runner import run

    done, code = 0, exits.UNKNOWN
    while not stop.is_set():
        report = accepted(await run(plan, lambda _: None, stop))
        code = exits.exit_code(report.state)
        line = loop.line(report)
        if line and not put(line):
            return exits.UNKNOWN
        if loop.ping and not stop.is_set():
            await _ping(loop.ping, code, line)
        done += 1
        if loop.times is not None and done >= loop.times:
            return code
        with contextlib.suppress(TimeoutError):
            wait_s = loop.interval_s * random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - no secret
            await asyncio.wait_for(stop.wait(), wait_s)
    return code


async def _ping(address: str, code: int, line: str) -> None:
    """Tell the dead-man switch; its address is never said."""
    from urllib.parse import urlsplit

    from doctor.http import Client
    from doctor.visit import origin

    try:
        async with Client(origin(address)) as client:
            answer = await client.post(f"{urlsplit(address).path}/{code}", {"line": line}, deadline_s=PING_DEADLINE_S)
        if answer.status >= 400:
            say(f"the dead-man switch answered {answer.status}")
    except DoctorError:
        say("the dead-man switch could not be reached")
