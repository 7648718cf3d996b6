"""Treat: the plan of one remedy, consent step by step, the verdict with its numbers, and the way back."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from doctor.tui.messages import Occupied, ServersChanged
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import TREATMENT, Session
from doctor.tui.tones import toned
from doctor.tui.treat_page import bar_of, treat_page
from doctor.tui.treating import Answer, Stage, Treating, Wish
from doctor.tui.widgets.detail import Detail
from doctor.tui.work import work


class TreatScreen(Room):
    """Lies over the playbook. Whatever goes on, the line above the keys says what the reader can do about it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "answer(True)", "Yes"),
        Binding("n", "answer(False)", "No"),
        Binding("u", "undo", "Undo"),
        Binding("escape", "stop", "Stop"),
        Binding("escape", "dismiss", "Back"),
        Binding("c", "app.copy_step", "Copy"),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session, wish: Wish, place: str) -> None:
        super().__init__(session)
        self.PLACE = place
        self.treating = Treating(wish, self.changed, self.agree)
        self.question: asyncio.Future[Answer] | None = None
        self.busy = False
        self.since_s = session.clock()
        self.drawn_stage: Stage | None = None

    def body(self) -> Iterable[Widget]:
        """The page, and below it what is asked or done."""
        yield Vertical(Detail(), Static("", id="question", markup=False), id="treat")

    def on_mount(self) -> None:
        """Begin by looking once more."""
        self.query_one(Detail).focus()
        self.go_on(self.treating.carry_out)

    def go_on(self, job: Callable[[], Awaitable[None]]) -> None:
        """Do this beside the loop; until it has ended neither a run nor a second press of the key disturbs it."""
        if self.busy:
            return
        self.busy = True

        async def doing() -> None:
            self.app.post_message(Occupied(TREATMENT))  # the same way as the end, which must not overtake it
            try:
                await job()
            finally:
                self.busy = False
                self.app.post_message(Occupied(""))

        work(self, doing, "treatment")

    async def agree(self) -> Answer:
        """Ask about the next step and wait for the key."""
        self.question = asyncio.get_running_loop().create_future()
        self.changed()
        try:
            return await self.question
        finally:
            self.question = None

    def draw(self) -> None:
        """The page, the question, and the keys that make sense now."""
        state = self.treating.state
        if state.stage is not self.drawn_stage:
            self.drawn_stage, self.since_s = state.stage, self.session.clock()
        self.refresh_bindings()
        self.call_later(self.show)

    async def show(self) -> None:
        """Page and bar."""
        for detail in self.query(Detail):  # none while the app ends
            await detail.tell(treat_page(self.treating.state, self.session.library))
            self._bar()

    def _bar(self) -> None:
        tone, says = bar_of(self.treating.state, self.session.clock() - self.since_s)
        bar = self.query_one("#question", Static)
        bar.set_class(self.question is not None, "-asks")
        bar.update(Content.styled(says, "bold") if self.question is not None else toned(says, tone))

    def tick(self) -> None:
        """The seconds of what goes on."""
        super().tick()
        if self.is_current and not self.treating.over:
            self._bar()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Answers while something is asked, stopping while something goes on, the way back where there is one."""
        state = self.treating.state
        offered = {
            "answer": self.question is not None,
            "stop": state.stage not in (Stage.OVER, Stage.UNDOING),
            "dismiss": state.stage is Stage.OVER,
            "undo": state.stage is Stage.OVER and state.open,
        }
        return offered.get(action, True)

    def action_answer(self, yes: bool) -> None:
        """Yes or no to the step that is asked about."""
        self._say(Answer.YES if yes else Answer.NO)

    def action_stop(self) -> None:
        """End what goes on; a step that has begun leaves things as they were before it."""
        if not self._say(Answer.STOP):
            self.treating.stop()

    def _say(self, answer: Answer) -> bool:
        if self.question is None or self.question.done():
            return False
        self.question.set_result(answer)
        return True

    def action_undo(self) -> None:
        """Take back what was done."""
        self.go_on(self.treating.take_back)

    def on_unmount(self) -> None:
        """What was known of the servers is old when something was changed."""
        if self.treating.changed:
            with contextlib.suppress(RuntimeError):
                self.app.post_message(ServersChanged())
