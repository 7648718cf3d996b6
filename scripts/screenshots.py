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
from doctor.events import Event, RunBegan, RunEnded, TargetEnded
from doctor.model import Report
from doctor.plugins import bundled_checks, bundled_playbooks
from doctor.report.json import read_file, render
from doctor.runner import RunPlan, run
from doctor.tui.app import DoctorApp
from doctor.tui.library import library
from doctor.ward.patients import patient
from doctor.ward.run_ward import admitted

DOCS = Path(__file__).resolve().parent.parent / "docs"
STORED = DOCS / "screenshot.json"
# File -> first screen, the keys pressed on it, and the theme.
PICTURES = {
    "screenshot.svg": ("causes", (), "textual-dark"),
    "screenshot-overview.svg": ("overview", (), "textual-dark"),
    "screenshot-playbook.svg": ("causes", ("f",), "textual-light"),
    "screenshot-fit.svg": ("fit", ("end", "tab", "right", "right"), "textual-dark"),
}
COLUMNS, LINES = 110, 34
PORT = "11434"  # the ward's ports are chosen by the system; a picture that changes with every run helps nobody


async def record(name: str) -> Report:
    """The report of a real run on this patient, without facts of the machine that it ran on."""
    chosen = patient(name)
    async with admitted(chosen) as url:
        report = await run(RunPlan(targets=(chosen.target(url),)), lambda _: None)
    targets = tuple(msgspec.structs.replace(target, facts={}) for target in report.targets)
    text = render(msgspec.structs.replace(report, targets=targets, host={}))
    return msgspec.json.decode(text.replace(url.rpartition(":")[2], PORT), type=Report)


async def draw(report: Report, first: str, keys: tuple[str, ...], theme: str) -> str:
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
        STORED.write_text(render(asyncio.run(record(name))), encoding="utf-8")
    for name, (first, keys, theme) in PICTURES.items():
        (DOCS / name).write_text(asyncio.run(draw(read_file(str(STORED)), first, keys, theme)), encoding="utf-8")


if __name__ == "__main__":
    main()
