"""Ask: what goes wrong in the words of the reader, the likely causes, and the few checks that tell them apart."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widget import Widget
from textual.widgets import Input, OptionList

from doctor.ask.answer import Likely
from doctor.ask.asking import MAX_CHARACTERS
from doctor.tui.ask_page import ask_page, candidate_page
from doctor.tui.messages import FixAsked, Occupied
from doctor.tui.outline import cause_row
from doctor.tui.progress import TargetProgress
from doctor.tui.questioning import Questioning, Wish
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import QUESTIONS, Session
from doctor.tui.widgets.candidate_list import CandidateList, cause_of
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.words_input import WordsInput
from doctor.tui.words import address, runtime_name
from doctor.tui.work import work

AFTER_RUN = "The asking begins when the run under way has ended: two at once spoil each other's timings."
PLACEHOLDER = "what goes wrong, in your own words"


class AskScreen(Room):
    """Words, candidates, and below them the questions with their answers."""

    PLACE = "ask"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave_words", "Leave the field"),
        Binding("escape", "back", "To the list"),
        Binding("slash", "words", "New words", key_display="/"),
        Binding("x", "stop", "Stop"),
        Binding("o", "other", "Other server"),
        Binding("d", "app.deeper", "Depth", show=False),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.questioning = Questioning(session.places.plugins, self.changed)
        self.waits = False  # for the end of the run under way
        self.number = 0  # of the server that is asked
        self.reading: Likely | None = None  # a candidate whose page is shown

    def body(self) -> Iterable[Widget]:
        """Top to bottom."""
        words = WordsInput(placeholder=PLACEHOLDER, id="complaint", select_on_focus=False, max_length=MAX_CHARACTERS)
        below = Container(CandidateList(), Detail(), id="ask-body")
        yield Vertical(words, below, id="ask")

    def on_mount(self) -> None:
        """The words come first."""
        self.query_one("#complaint", Input).focus()

    @property
    def servers(self) -> list[TargetProgress]:
        """The servers that can be asked."""
        return [target for target in self.session.progress.targets.values() if target.index is None]

    @property
    def server(self) -> TargetProgress | None:
        """The one that is asked."""
        servers = self.servers
        return servers[self.number % len(servers)] if servers else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Stopping while something is asked, another server where there is one."""
        offered = {
            "stop": self.questioning.state.running or self.waits,
            "other": len(self.servers) > 1 and not self.questioning.state.running,
            "leave_words": self.query_one("#complaint", Input).has_focus,
            "back": self.reading is not None,
            "words": not self.query_one("#complaint", Input).has_focus,
        }
        return offered.get(action, True)

    @on(Input.Changed, "#complaint")
    def typed(self, event: Input.Changed) -> None:
        """Other words, other candidates; what is being asked is asked to its end."""
        event.stop()
        self.reading = None
        if not self.questioning.state.running:
            work(self, partial(self.suggest, event.value), "suggest")

    @on(Input.Submitted, "#complaint")
    def submitted(self, event: Input.Submitted) -> None:
        """Ask, once nothing else is under way."""
        event.stop()
        if event.value.strip() and not self.questioning.state.running and not self.app_is_occupied():
            self.reading = None
            self.waits = True
            self.candidates.focus()
            self.changed()

    def app_is_occupied(self) -> bool:
        """Whether something else goes on; it is said."""
        if self.session.occupied:
            self.notify(f"Not while {self.session.occupied} goes on", markup=False)
        return bool(self.session.occupied)

    def draw(self) -> None:
        """Begin when the time has come; the list, and the page under it."""
        if self.waits and self.session.progress.over and not self.session.occupied:
            self.waits = False
            work(self, self.asking, "asking")
        self.candidates.tell(self.questioning.state)
        self.refresh_bindings()
        self.call_later(self.show)

    async def suggest(self, text: str) -> None:
        """The likely causes; the first time everything that they are compared with is read."""
        await self.questioning.suggest(text)

    async def asking(self) -> None:
        """Nothing disturbs the server meanwhile."""
        server = self.server
        wish = Wish(
            target=server.target if server else None,
            depth=self.session.depth,
            deadline_s=self.session.places.deadline_s,
            thresholds=self.session.places.thresholds,
        )
        self.app.post_message(Occupied(QUESTIONS))
        try:
            await self.questioning.ask(self.query_one("#complaint", Input).value, wish)
        finally:
            self.app.post_message(Occupied(""))
        self.candidates.tell(self.questioning.state)
        self.candidates.lead()

    @property
    def candidates(self) -> CandidateList:
        """The list."""
        return self.query_one(CandidateList)

    async def show(self) -> None:
        """The page under the list."""
        server = self.server
        name = f"{runtime_name(server.runtime)} at {address(server.url)}" if server else ""
        if self.reading is not None:
            page = candidate_page(self.reading, self.session.library.playbooks.get(self.reading.id))
        else:
            page = ask_page(self.questioning.state, name, AFTER_RUN if self.waits else "", self.session.library)
        for detail in self.query(Detail):  # none while the app ends
            await detail.tell(page)

    @on(OptionList.OptionSelected, "#candidates")
    def choose(self, event: OptionList.OptionSelected) -> None:
        """A cause that was found opens its playbook, another one its page."""
        event.stop()
        one = self.candidates.shown[event.option_index]
        state = self.questioning.state
        cause = cause_of(state, one)
        if cause is not None and self.server is not None and state.report is not None:
            target = TargetProgress(self.server.target, ())
            target.close(state.report.targets[0])
            self.post_message(FixAsked(cause_row(target, cause)))
        elif isinstance(one, Likely):
            self.reading = one
            self.query_one(Detail).focus()
            self.changed()

    def action_back(self) -> None:
        """From a page to the questions, and to the list."""
        self.reading = None
        self.action_leave_words()

    def action_leave_words(self) -> None:
        """To the list, where there is one; the keys are for the screen again."""
        (self.candidates if self.candidates.display else self.query_one(Detail)).focus()
        self.changed()

    def action_words(self) -> None:
        """To the words again."""
        self.query_one("#complaint", Input).focus()

    def action_stop(self) -> None:
        """End the asking, or do not begin."""
        self.waits = False
        self.questioning.stop()
        self.changed()

    def action_other(self) -> None:
        """Ask the next server."""
        self.number += 1
        self.changed()
