"""How long the loop of the full-screen view is held up, on a real sick engine: while a run goes on, and by keys.

    python scripts/bench_loop.py

Needs the extra demo. The view runs as for a user but draws into memory. A pause is the time by which a sleep of 2 ms
came back too late; what the operating system took from the process counts as well, so measure on a quiet machine.
For comparison a screen of the library with nothing of ours in it: a list of 60 lines beside 15 paragraphs.
"""

import asyncio
import contextlib
import statistics
import sys
import time
from collections.abc import Iterator

from textual.app import App, ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static

from doctor.cli.check import named_targets
from doctor.runner import RunPlan
from doctor.tui.app import DoctorApp
from doctor.tui.open import made
from doctor.tui.session import Places
from doctor.ward import engine
from doctor.ward.patients import patient
from doctor.ward.variants import prepared

PATIENT = "broken-template"
SIZE = (120, 40)
BOUND_MS = 50
SLEEP_S = 0.002
SETTLED_S = 1.0
KEYS = "234561"  # every screen, first opened and then seen again
BARE = "a screen of the library alone"

Pause = tuple[str, float]  # what went on, milliseconds


async def watch(pauses: list[Pause], phase: list[str]) -> None:
    """Note every pause under the phase in which it began."""
    while True:
        here, began_s = phase[-1], time.perf_counter()
        await asyncio.sleep(SLEEP_S)
        pauses.append((here, (time.perf_counter() - began_s - SLEEP_S) * 1000))


async def drive(app: DoctorApp, phase: list[str]) -> None:
    """Two runs, then every screen twice."""
    await asyncio.sleep(SETTLED_S)
    for name in ("the first run", "the second run"):
        phase.append(name)
        while not (app.session.progress.targets and app.session.progress.over):  # noqa: ASYNC110 - as a user waits
            await asyncio.sleep(0.1)
        await asyncio.sleep(SETTLED_S)
        if name == "the first run":
            app.begin()
    for visit in ("opened", "seen again"):
        for key in KEYS:
            phase.append(f"a screen {visit}")
            app.simulate_key(key)
            await asyncio.sleep(SETTLED_S)
    app.exit()


async def measured(url: str) -> list[Pause]:
    """All pauses of one sitting."""
    pauses: list[Pause] = []
    phase = ["the first paint"]
    app = made(RunPlan(targets=named_targets((url,), "", "")), Places())
    jobs = [asyncio.create_task(watch(pauses, phase)), asyncio.create_task(drive(app, phase))]
    await app.run_async(headless=True, size=SIZE)
    for job in jobs:
        job.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await job
    return pauses


class BareScreen(Screen[None]):
    """What the library needs for a screen of the size of ours."""

    def compose(self) -> ComposeResult:
        """A head, a list beside text, and the keys."""
        yield Static("head")
        with Horizontal():
            yield OptionList(*(f"line {number}" for number in range(60)))
            with VerticalScroll():
                for number in range(15):
                    yield Static(f"paragraph {number} " + "word " * 40)
        yield Footer()


class BareApp(App[None]):
    """Opens the bare screen as often as ours are opened."""

    def __init__(self, pauses: list[Pause]) -> None:
        super().__init__()
        self.pauses = pauses

    def on_mount(self) -> None:
        """Once it stands."""
        self.run_worker(self.drive())

    async def drive(self) -> None:
        """As `drive` does with ours."""
        await asyncio.sleep(SETTLED_S)
        watching = asyncio.create_task(watch(self.pauses, [BARE]))
        for _ in KEYS:
            await self.push_screen(BareScreen())
            await asyncio.sleep(SETTLED_S)
        watching.cancel()
        self.exit()


def rows(pauses: list[Pause]) -> Iterator[str]:
    """A Markdown table, a row for each phase."""
    yield f"| longest pause of the view's loop at {SIZE[0]}x{SIZE[1]} | ms | of {BOUND_MS} ms | over it |"
    yield "|---|---|---|---|"
    for name in dict.fromkeys(name for name, _ in pauses):
        those = [ms for phase, ms in pauses if phase == name]
        over = [ms for ms in those if ms > BOUND_MS]
        middle = f", median {statistics.median(over):.0f} ms" if over else ""
        yield f"| {name} | {max(those):.0f} | {max(those) / BOUND_MS:.1f} | {len(over)} times{middle} |"


def main() -> int:
    """Print the table."""
    with prepared(patient(PATIENT).variant) as model, engine.serving(model) as server:
        pauses = asyncio.run(measured(server.url))
    asyncio.run(BareApp(pauses).run_async(headless=True, size=SIZE))
    sys.stdout.write("\n".join(rows(pauses)) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
