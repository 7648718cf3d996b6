"""Live mode behind the view: begun once the first screen is painted, and told what runs find out."""

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from doctor.events import Event, RunBegan, RunEnded, TargetKnown
from doctor.known import Known, Listener
from doctor.tui.session import Session

if TYPE_CHECKING:
    from doctor.live import Live


class Following:
    """`follow` makes the live mode, which tells a listener; without it the machine is not looked at between runs."""

    def __init__(self, session: Session, follow: "Callable[[Listener], Live] | None") -> None:
        self.session = session
        self.follow = follow
        self.live: Live | None = None
        self.told: list[Event] = []  # what live mode has to be told, should it begin later than the run

    async def carry_on(self, listener: Listener) -> None:
        """Follow the machine until the view ends."""
        if not self.follow:
            return
        self.live = await asyncio.to_thread(self.follow, listener)
        self.rest()
        for event in self.told:
            self._guide(self.live, event)
        await self.live.carry_on()

    def rest(self) -> None:
        """Do not look while something goes on that looking would disturb."""
        if self.live:
            self.live.busy = self.session.under_way

    def hear(self, event: Event) -> None:
        """Go on by one event of a run."""
        if isinstance(event, RunBegan):
            self.told.clear()
        if isinstance(event, RunBegan | TargetKnown | RunEnded):
            self.told.append(event)
        if self.live:
            self._guide(self.live, event)

    def _guide(self, live: "Live", event: Event) -> None:
        if isinstance(event, RunBegan):
            live.found(event.targets)
        elif isinstance(event, TargetKnown):
            live.identified(event.url, event.runtime)
        elif isinstance(event, RunEnded):
            heard = {url: dict(target.heard) for url, target in self.session.progress.targets.items()}
            live.adopt(Known(report=event.report, results=heard))
            self.rest()
