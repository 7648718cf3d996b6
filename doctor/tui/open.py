"""The face opened on a plan: the app with a real run, the real library and live mode behind it."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from doctor.events import Event
from doctor.known import Listener, Pace
from doctor.model import Report
from doctor.runner import RunPlan
from doctor.tui.app import INTERRUPTED, TERMINATED, DoctorApp
from doctor.tui.library import Library, library
from doctor.tui.session import Places

if TYPE_CHECKING:
    from doctor.live import Live


def run_app(
    plan: RunPlan, places: Places, accepted: Callable[[Report], Report] = lambda report: report
) -> Report | None:
    """Open the face on this plan and give back the last finished report; `accepted` applies the user's settings to it.

    Raises KeyboardInterrupt when Ctrl-C broke off a run and SystemExit on SIGTERM, after the terminal is as it was.
    """
    app = made(plan, places, accepted)
    report = app.run()
    if app.return_code == INTERRUPTED:
        raise KeyboardInterrupt
    if app.return_code == TERMINATED:
        raise SystemExit(TERMINATED)
    return report


def made(
    plan: RunPlan,
    places: Places,
    accepted: Callable[[Report], Report] = lambda report: report,
    pace: Pace | None = None,
) -> DoctorApp:
    """The app on this plan; `pace` says how often live mode looks."""
    from doctor.runner import run

    async def start(emit: Callable[[Event], None], stop: asyncio.Event) -> Report:
        return accepted(await run(msgspec.structs.replace(plan, depth=app.session.depth), emit, stop))

    def read_library() -> Library:
        from doctor.plugins import load_checks, load_playbooks

        return library(load_checks(plan.plugins), load_playbooks(plan.plugins))

    def follow(listener: Listener) -> "Live":
        from doctor.live import Live

        return Live(plan, listener, pace)

    places = msgspec.structs.replace(places, plugins=plan.plugins, thresholds=plan.thresholds)
    app = DoctorApp(start, depth=plan.depth, read_library=read_library, places=places, follow=follow)
    return app
