"""Draw docs/screenshot*.svg: screens of the full-screen view after a real run on a patient of the ward.

    python scripts/screenshots.py                      draw the run stored in docs/screenshot.json
    python scripts/screenshots.py --record PATIENT     run the patient's diagnosis first and store it

The stored run is a report without the machine's facts; the same run gives the same picture.
"""

import argparse
import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from doctor.context import Target
from doctor.events import Event, RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.known import Listener
from doctor.live import Live
from doctor.model import Report
from doctor.plugins import bundled_checks, bundled_playbooks
from doctor.report.json import read_file, render
from doctor.runner import RunPlan, run
from doctor.tui.app import DoctorApp
from doctor.tui.library import library
from doctor.vitals import Look
from doctor.ward.patients import patient
from doctor.ward.run_ward import admitted

DOCS = Path(__file__).resolve().parent.parent / "docs"
STORED, LOOKS = DOCS / "screenshot.json", DOCS / "screenshot-looks.json"
MOST_LOOKS = 20
# Facts that pictures are drawn from.
DRAWN = frozenset({"CanaryText", "DecodeBound", "DecodeSpeed", "Footprint", "PromptAccounting", "ToolAnswer", "Window"})
# File -> first screen, the keys pressed on it, and the theme.
PICTURES = {
    "screenshot.svg": ("causes", (), "textual-dark"),
    "screenshot-overview.svg": ("overview", (), "textual-dark"),
    "screenshot-playbook.svg": ("causes", ("f",), "textual-light"),
}
COLUMNS, LINES = 110, 38
PORT = "11434"  # the ward's ports are chosen by the system; a picture that changes with every run helps nobody


async def record(name: str) -> tuple[Report, list[Look]]:
    """A real run on this patient without facts of the machine that it ran on, and the vital signs meanwhile."""
    chosen = patient(name)
    looks: list[Look] = []
    async with admitted(chosen) as url:
        plan = RunPlan(targets=(chosen.target(url),))
        live = Live(plan, Listener(looks.append, lambda _: None, lambda _: None))
        live.busy = True
        live.found(plan.targets)

        def hear(event: Event) -> None:
            if isinstance(event, TargetKnown):
                live.identified(event.url, event.runtime)

        watching = asyncio.ensure_future(live.carry_on())
        report = await run(plan, hear)
        watching.cancel()
    targets = tuple(
        msgspec.structs.replace(target, facts={name: fact for name, fact in target.facts.items() if name in DRAWN})
        for target in report.targets
    )
    text = render(msgspec.structs.replace(report, targets=targets, host={}))
    port = url.rpartition(":")[2]
    told = msgspec.json.encode(looks[-MOST_LOOKS:]).decode().replace(port, PORT)
    return (
        msgspec.json.decode(text.replace(port, PORT), type=Report),
        msgspec.json.decode(told, type=list[Look]),
    )


async def draw(report: Report, looks: list[Look], first: str, keys: tuple[str, ...], theme: str) -> str:
    """A screen after that run as SVG."""

    async def start(emit: Callable[[Event], None], _: asyncio.Event) -> Report:
        targets = tuple(Target(url=target.url, model=target.model) for target in report.targets)
        emit(RunBegan(targets=targets, checks=()))
        for target in report.targets:
            emit(TargetEnded(report=target))
        emit(RunEnded(report=report))
        return report

    app = DoctorApp(
        start, depth=report.depth, first=first, read_library=lambda: library(bundled_checks(), bundled_playbooks())
    )
    app.session.looks.extend(looks)
    async with app.run_test(size=(COLUMNS, LINES)) as pilot:
        app.theme = theme
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.press(*keys)
        await pilot.pause()
        await app.workers.wait_for_complete()
        await pilot.pause()
        return app.export_screenshot(title="llm-doctor")


def main() -> None:
    """Record when asked to, then draw."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--record", metavar="PATIENT", help="run this patient's diagnosis first")
    name = arguments.parse_args().record
    if name:
        report, looks = asyncio.run(record(name))
        STORED.write_text(render(report), encoding="utf-8")
        LOOKS.write_bytes(msgspec.json.format(msgspec.json.encode(looks), indent=1))
    report, looks = read_file(str(STORED)), msgspec.json.decode(LOOKS.read_bytes(), type=list[Look])
    for name, picture in PICTURES.items():
        (DOCS / name).write_text(asyncio.run(draw(report, looks, *picture)), encoding="utf-8")


if __name__ == "__main__":
    main()
