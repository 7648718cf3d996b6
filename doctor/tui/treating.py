"""One treatment, told as values while it goes on; consent is asked for through a function. Nothing here is drawn."""

import asyncio
import contextlib
import enum
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path

import msgspec

from doctor.check import Thresholds
from doctor.context import Target
from doctor.errors import DoctorError, TreatError
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan
from doctor.model import Cause, Depth, Remedy, Step, TargetReport
from doctor.playbooks import Playbook
from doctor.runner import RunPlan, run
from doctor.treat.apart import apart
from doctor.treat.journal import Journal, begun, course, reopened, root
from doctor.treat.treatment import (
    Catalogue,
    carry_out,
    catalogue,
    examination,
    left_over,
    noted,
    own_steps,
    scene,
    taken_back,
    target_after,
    why_nothing,
)
from doctor.treat.verdict import Judgement, confirmed

NOTHING_DONE = "Nothing was done."
STOPPED = "Stopped."
NO_LONGER = "This remedy cannot be carried out as things are now; after another run (r) the playbook shows what can."


class Stage(enum.StrEnum):
    """What a treatment is at."""

    LOOKING = "looking"
    ASKING = "asking"
    DOING = "doing"
    VERIFYING = "verifying"
    UNDOING = "undoing"
    OVER = "over"


class Answer(enum.Enum):
    """What the reader says to a step."""

    YES = enum.auto()
    NO = enum.auto()
    STOP = enum.auto()


class Treatment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a treatment is. `done` counts own steps that are carried out; `failed` and `refused` are about the next."""

    cause: Cause
    remedy: Remedy
    url: str
    stage: Stage = Stage.LOOKING
    now: str = ""  # what is being done at this moment
    done: int = 0
    failed: bool = False
    refused: bool = False
    judgement: Judgement | None = None
    says: str = ""  # why it ended as it did, a sentence or two
    left: tuple[Step, ...] = ()  # for the reader to do
    journal: Path | None = None
    open: bool = False  # there is something to take back
    undone: bool = False

    @property
    def steps(self) -> tuple[Step, ...]:
        """The steps that are carried out here."""
        return own_steps(self.remedy)

    @property
    def step(self) -> Step | None:
        """The step that is asked about or carried out now."""
        return self.steps[self.done] if self.done < len(self.steps) else None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be treated, where, and how."""

    cause: Cause
    remedy: Remedy
    target: Target
    plugins: tuple[Path, ...] = ()
    depth: Depth = Depth.QUICK
    thresholds: Thresholds = {}


class Treating:
    """Carries a wish out: `tell` hears of every change, `agree` is asked before each step."""

    def __init__(self, wish: Wish, tell: Callable[[], None], agree: Callable[[], Awaitable[Answer]]) -> None:
        self.wish = wish
        self.state = Treatment(cause=wish.cause, remedy=wish.remedy, url=wish.target.url)
        self.changed = False  # something on this machine is, or was for a while, not as it was
        self._tell = tell
        self._agree = agree
        self._halt = asyncio.Event()
        self._act: asyncio.Future[None] | None = None

    @property
    def over(self) -> bool:
        """Whether nothing goes on."""
        return self.state.stage is Stage.OVER

    def _is(self, **news: object) -> None:
        self.state = msgspec.structs.replace(self.state, **news)
        self._tell()

    def stop(self) -> None:
        """End what goes on: an examination early, a step by leaving things as they were before it."""
        self._halt.set()
        if self._act is not None and self.state.stage is Stage.DOING:
            self._act.cancel()

    async def carry_out(self) -> None:
        """From the examination to the verdict; what goes wrong is said in the state."""
        try:
            await self._treated()
        except DoctorError as error:
            await self._ended(str(error))

    async def _treated(self) -> None:
        known = await asyncio.to_thread(catalogue, self.wish.plugins)
        book = known.book(self.wish.cause.id)
        before = await self._examined(self._plan(self.wish.target, book, known))
        found = confirmed(before, book.id)
        if self._halt.is_set():
            self._is(stage=Stage.OVER, says=f"{STOPPED} {NOTHING_DONE}")
        elif found is None:
            _, why = why_nothing(before, book, self.wish.target.url)
            self._is(stage=Stage.OVER, says=_sentence(why))
        else:
            await self._with_journal(known, book, before, found)

    async def _with_journal(self, known: Catalogue, book: Playbook, before: TargetReport, found: Cause) -> None:
        """Each step on consent, then the same checks again."""
        same = [remedy for remedy in found.remedies if remedy.say == self.wish.remedy.say and remedy.automatic]
        if not same:
            raise TreatError(NO_LONGER)
        self._is(cause=found, remedy=same[0], now="")
        with contextlib.ExitStack() as stack:
            opening = begun(book.id, same[0].say, self.wish.target.url, root())
            journal = await asyncio.to_thread(stack.enter_context, opening)
            self._is(journal=journal.folder)
            if not await self._steps(journal, before):
                return
            self._is(stage=Stage.VERIFYING, now="")
            after = await self._examined(self._plan(target_after(self.wish.target, same[0]), book, known))
            judgement = await asyncio.to_thread(noted, journal, before, after, book, known.checks)
        left = left_over(same[0], self.state.done)
        self._is(stage=Stage.OVER, judgement=judgement, left=left, open=True)

    async def _steps(self, journal: Journal, before: TargetReport) -> bool:
        """The steps in order until one is not agreed to; whether there is something to verify."""
        for number in range(1, len(self.state.steps) + 1):
            self._is(stage=Stage.ASKING, now="")
            answer = await self._agree()
            if answer is Answer.YES:
                self._is(stage=Stage.DOING)
                self.changed = True
                await self._step(journal, number, before)
                self._is(done=number)
                continue
            self._is(refused=True)
            if answer is Answer.STOP or not self.state.done:
                await self._ended(STOPPED if self.state.done else NOTHING_DONE)
                return False
            break
        return True

    async def _step(self, journal: Journal, number: int, before: TargetReport) -> None:
        """One step, in a thread of its own. Raises TreatError."""
        key, progress = self.wish.target.api_key, self._from_a_thread()
        work = partial(carry_out, journal, self.state.remedy, number, scene(before), api_key=key, progress=progress)
        self._act = asyncio.ensure_future(apart(work))
        try:
            await self._act
        except asyncio.CancelledError:
            if not self._halt.is_set():
                raise
            self._is(failed=True)
            raise TreatError(STOPPED) from None
        except TreatError:
            self._is(failed=True)
            raise

    async def _examined(self, plan: RunPlan) -> TargetReport:
        total, done = 0, 0

        def hear(event: Event) -> None:
            nonlocal total, done
            if isinstance(event, RunBegan):
                total = len(event.checks)
            elif isinstance(event, CheckEnded):
                done += 1
            elif isinstance(event, CheckBegan):
                self._is(now=f"check {min(done + 1, total)} of {total}, {event.check}")

        report = await run(plan, hear, self._halt)
        return report.targets[0]

    def _plan(self, target: Target, book: Playbook, known: Catalogue) -> RunPlan:
        wish = self.wish
        return examination(target, book, known, plugins=wish.plugins, depth=wish.depth, thresholds=wish.thresholds)

    async def _ended(self, why: str) -> None:
        """It is over before its verdict; what was begun and is not taken back can be."""
        folder = self.state.journal
        left = bool(folder and (await asyncio.to_thread(course, folder)).open)
        says = _sentence(why)
        if self.changed:
            says += " What was done can be taken back." if left else " Nothing is left changed."
        self._is(stage=Stage.OVER, says=says, open=left)

    def _from_a_thread(self) -> Callable[[str], None]:
        loop = asyncio.get_running_loop()
        return lambda text: _soon(loop, lambda: self._is(now=text))

    async def take_back(self) -> None:
        """Undo what was done, last first."""
        folder, key, each = self.state.journal, self.wish.target.api_key, self._from_a_thread()
        if folder is None or not self.state.open:
            return
        self._is(stage=Stage.UNDOING, now="")
        try:
            with contextlib.ExitStack() as stack:
                journal = await asyncio.to_thread(stack.enter_context, reopened(folder))
                await apart(partial(taken_back, journal, api_key=key, each=each))
        except TreatError as error:
            says = _sentence(f"not everything could be taken back: {error}")
            self._is(stage=Stage.OVER, says=says)
        else:
            says = "Taken back: everything is as it was before the treatment."
            self._is(stage=Stage.OVER, says=says, open=False, undone=True)


def _soon(loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
    with contextlib.suppress(RuntimeError):  # the face has gone meanwhile
        loop.call_soon_threadsafe(call)


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + ("" if text.endswith((".", "…")) else ".")
