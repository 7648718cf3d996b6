"""Live mode behind the view, a real one: it hears of a run that went on before it began, and rests meanwhile."""

import asyncio
import contextlib

from doctor.known import Listener, Pace
from doctor.live import Live
from doctor.model import Depth
from doctor.runner import RunPlan
from doctor.tui.following import Following
from doctor.tui.session import TREATMENT, Clocks, Places, Session
from tests.tui import stories

QUIET = Listener(look=lambda look: None, change=lambda sentence: None, known=lambda known: None)


def following():
    session = Session(Depth.QUICK, Clocks(), Places())
    return Following(session, lambda listener: Live(RunPlan(), listener, Pace(look_s=0.01)))


def told(behind, events):
    for event in events:
        behind.session.progress.hear(event)
        behind.hear(event)


@contextlib.asynccontextmanager
async def begun(behind):
    task = asyncio.create_task(behind.carry_on(QUIET))
    while behind.live is None:  # noqa: ASYNC110 - it is made in a thread, which knows no event of this loop
        await asyncio.sleep(0)
    yield behind.live
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_run_that_is_over_before_live_mode_begins_is_taken_over():
    behind, run = following(), stories.sick()
    told(behind, run)
    async with begun(behind) as live:
        assert live.known.report is run[-1].report
        assert not live.busy


async def test_it_rests_during_a_run_and_a_treatment():
    behind, run = following(), stories.sick()
    first, *others = run
    told(behind, [first])
    async with begun(behind) as live:
        assert live.busy
        told(behind, others)
        assert not live.busy
        behind.session.occupied = TREATMENT
        behind.rest()
        assert live.busy


async def test_a_new_run_makes_it_forget_the_last():
    behind, run = following(), stories.sick()
    told(behind, run)
    behind.session.begin()
    told(behind, run[:1])
    async with begun(behind) as live:
        assert live.known is None
        assert live.busy


async def test_without_live_mode_nothing_is_followed():
    behind = Following(Session(Depth.QUICK, Clocks(), Places()), None)
    told(behind, stories.sick())
    await behind.carry_on(QUIET)
    assert behind.live is None
