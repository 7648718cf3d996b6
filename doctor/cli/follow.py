"""A run followed on the command line: progress on a terminal, an orderly end on Ctrl-C and SIGTERM."""

import asyncio
import sys
import time
from collections.abc import Callable

from doctor.cli.orderly import orderly_end
from doctor.cli.output import on_terminal
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan
from doctor.model import Report
from doctor.runner import RunPlan, run
from doctor.text import one_line

QUIET_S = 1.0  # a run that is over sooner needs no progress line
TICK_S = 0.2
WIPE = "\r\x1b[2K"


async def follow(plan: RunPlan, hear: Callable[[Event], None] | None = None) -> tuple[Report, int | None]:
    """Carry out the plan; the number is the exit code of the signal that cut it short, if one did.

    Whoever hears the events says what happens; without a listener a line of progress does.
    """
    stop = asyncio.Event()
    progress = Progress()
    with orderly_end(stop) as signals:
        showing = None if hear else asyncio.ensure_future(progress.show())
        try:
            report = await run(plan, hear or progress.hear, stop)
        finally:
            if showing:
                showing.cancel()
            progress.wipe()
    return report, signals[0] if signals else None


class Progress:
    """One line on standard error that says what is being done, after a second and only on a terminal."""

    def __init__(self) -> None:
        self._shown = False
        self._began_s = time.monotonic()
        self._total = 0
        self._done = 0
        self._current: dict[str, None] = {}

    def hear(self, event: Event) -> None:
        """Take note of what happens."""
        if isinstance(event, RunBegan):
            self._total = len(event.checks) * len(event.targets)
        elif isinstance(event, CheckBegan):
            self._current[event.check] = None
        elif isinstance(event, CheckEnded):
            self._done += 1
            self._current.pop(event.result.id, None)

    def line(self) -> str:
        """The line as it would be now."""
        doing = next(reversed(self._current), "looking for servers" if not self._total else "")
        return one_line(f"{self._done} of {self._total} checks, {time.monotonic() - self._began_s:.0f} s  {doing}", 70)

    async def show(self) -> None:
        """Keep the line up to date until cancelled."""
        if not on_terminal(sys.stderr):
            return
        await asyncio.sleep(QUIET_S)
        while True:
            self._shown = True
            sys.stderr.write(WIPE + self.line())
            sys.stderr.flush()
            await asyncio.sleep(TICK_S)

    def wipe(self) -> None:
        """Take the line away."""
        if self._shown:
            sys.stderr.write(WIPE)
            sys.stderr.flush()
