"""A complaint on the screen: likely causes while it is typed, then the checks that tell them apart, told as values."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from doctor.ask.answer import Asked, Likely, asked_one
from doctor.ask.asking import NO_CHECK, NO_SERVER, Shelf, answered, cleaned, named, shelf
from doctor.ask.questions import Interview, Question
from doctor.check import Thresholds
from doctor.context import Target
from doctor.errors import DoctorError
from doctor.events import CheckEnded, Event
from doctor.model import Depth, Report, Result
from doctor.runner import RunPlan, run


class Inquiry(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the complaint; `pending` is the question that is being asked now."""

    complaint: str = ""
    likely: tuple[Likely, ...] = ()
    asked: tuple[Asked, ...] = ()
    pending: Question | None = None
    running: bool = False
    report: Report | None = None
    reason: str = ""  # how the asking ended, or why there was none
    trouble: str = ""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """Which server is asked, and how far the asking may go; no target: there is none."""

    target: Target | None = None
    depth: Depth = Depth.QUICK
    deadline_s: float = 180.0
    thresholds: Thresholds = {}


class Questioning:
    """One complaint at a time; `tell` hears of every change."""

    def __init__(self, plugins: tuple[Path, ...], tell: Callable[[], None]) -> None:
        self.state = Inquiry()
        self._plugins = plugins
        self._tell = tell
        self._shelf: Shelf | None = None
        self._stop = asyncio.Event()

    def _is(self, state: Inquiry) -> None:
        self.state = state
        self._tell()

    async def suggest(self, text: str) -> None:
        """The likely causes for these words."""
        if not text.strip():
            self._is(Inquiry())
            return
        try:
            interview = await self._begun(text)
        except DoctorError as error:
            self._is(Inquiry(complaint=text, trouble=str(error)))
        else:
            self._is(Inquiry(complaint=text, likely=named(text, interview).candidates))

    async def _begun(self, text: str) -> Interview:
        """Compare, away from the loop. Raises DoctorError."""

        def compare() -> Interview:
            self._shelf = self._shelf or shelf(self._plugins)
            return self._shelf.interview(self._shelf.candidates(cleaned(text)))

        return await asyncio.to_thread(compare)

    async def ask(self, text: str, wish: Wish) -> None:
        """Run the checks that tell the candidates apart, the cheapest first."""
        self._stop = asyncio.Event()
        try:
            interview = await self._begun(text)
            known = named(text, interview).candidates
            if wish.target is None or not interview.possible:
                reason = NO_CHECK if wish.target else f"{NO_SERVER}."
                self._is(Inquiry(complaint=text, likely=known, reason=reason if known else ""))
                return
            self._is(Inquiry(complaint=text, likely=known, running=True))
            await self._answered(text, wish.target, wish, interview)
        except DoctorError as error:
            self._is(msgspec.structs.replace(self.state, running=False, pending=None, trouble=str(error)))

    async def _answered(self, text: str, target: Target, wish: Wish, interview: Interview) -> None:
        results: dict[str, Result] = {}

        def hear(event: Event) -> None:
            if isinstance(event, CheckEnded):
                results[event.result.id] = event.result
            told = [(question, results.get(question.check.id)) for question in interview.asked]
            done = tuple(asked_one(q, r.status, r.reason, r.findings) for q, r in told if r)
            pending = next((question for question, result in told if result is None), None)
            self._is(msgspec.structs.replace(self.state, asked=done, pending=pending))

        plan = RunPlan(
            targets=(target,),
            depth=wish.depth,
            only=interview.possible,
            deadline_s=wish.deadline_s,
            plugins=self._plugins,
            thresholds=wish.thresholds,
            guide=interview.next,
        )
        report = await run(plan, hear, self._stop)
        answer = answered(text, interview, report)
        reason = "Stopped: what was not asked stays open." if self._stop.is_set() else answer.reason
        self._is(Inquiry(complaint=text, likely=answer.candidates, asked=answer.asked, report=report, reason=reason))

    def stop(self) -> None:
        """End the asking; what was found is kept."""
        self._stop.set()
