"""The app: starts runs, hands their events to the session, and carries out what keys and screens ask for."""

import asyncio
import contextlib
import signal
from collections.abc import Awaitable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.events import Event as TerminalEvent
from textual.events import InputEvent
from textual.screen import Screen

from doctor.clipboard import copied
from doctor.errors import DoctorError
from doctor.events import Event, RunBegan, RunEnded
from doctor.known import Listener, newly_confirmed
from doctor.model import Depth, Report
from doctor.text import plain
from doctor.tui import later
from doctor.tui.commands import commands
from doctor.tui.following import Following
from doctor.tui.garbage import ABSENT_S, Absence, collect_as_usual, collect_in_pieces
from doctor.tui.library import Library
from doctor.tui.messages import (
    ApplyAsked,
    CauseAsked,
    ChangeSeen,
    CopyAsked,
    FixAsked,
    Happened,
    KnownAgain,
    LookTaken,
    Occupied,
    PlaceAsked,
    ServersChanged,
)
from doctor.tui.screens.causes import CausesScreen
from doctor.tui.screens.overview import OverviewScreen
from doctor.tui.screens.room import Room
from doctor.tui.session import TREATMENT, Clocks, Places, Session
from doctor.tui.widgets.detail import Detail
from doctor.tui.work import work

if TYPE_CHECKING:
    from doctor.live import Live

Start = Callable[[Callable[[Event], None], asyncio.Event], Awaitable[Report]]
INTERRUPTED = 130
TERMINATED = 143
PUT_BACK = (
    "llm-doctor: a treatment was under way. A step that had begun is put back as it was, which may take a moment; "
    "llm-doctor undo takes back the steps before it."
)
MAX_TOLD = 300  # characters of a copied step that the notice repeats
# Keys that a narrow screen offers beside the outline only, or beside the detail only.
SIDES = {
    "stop": ("both", "outline"),
    "again": ("both", "outline"),
    "deeper": ("both", "outline"),
    "copy_step": ("both", "detail"),
    "save": ("both", "outline"),
}


class DoctorApp(App[Report | None]):
    """`start` carries out one run: it is given a function for its events and an event that stops it early.

    `follow` makes the live mode.
    """

    CSS_PATH = "style.tcss"
    TITLE = "llm-doctor"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "interrupt", show=False, priority=True),
        Binding("ctrl+q", "leave", show=False, priority=True),
    ]

    def __init__(
        self,
        start: Start,
        *,
        depth: Depth = Depth.QUICK,
        read_library: Callable[[], Library] = Library,
        clocks: Clocks | None = None,
        places: Places | None = None,
        follow: "Callable[[Listener], Live] | None" = None,
        first: str = "overview",
    ) -> None:
        super().__init__()
        self.first = first
        self.animation_level = "none"
        self.start = start
        self.read_library = read_library
        self.session = Session(depth, clocks or Clocks(), places or Places())
        self.stop_signal = asyncio.Event()
        self.following = Following(self.session, follow)
        self.absence = Absence(self.session.clock)
        self.main = CausesScreen(self.session)
        self.overview = OverviewScreen(self.session)
        self.rooms: dict[str, Room] = {"overview": self.overview, "causes": self.main}

    def listener(self) -> Listener:
        """What live mode tells becomes messages."""
        return Listener(
            look=lambda look: self.tell(LookTaken(look)),
            change=lambda sentence: self.tell(ChangeSeen(sentence)),
            known=lambda known: self.tell(KnownAgain(known)),
        )

    def tell(self, message: LookTaken | ChangeSeen | KnownAgain) -> None:
        """Hand a message to the app."""
        self.post_message(message)

    def on_mount(self) -> None:
        """Paint first, then start the run, then look at the machine."""
        with contextlib.suppress(NotImplementedError, RuntimeError):  # Windows, or not the main thread
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, self.terminate)
        for name, room in self.rooms.items():  # one that is not installed is gone when another takes its place
            self.install_screen(room, name)
        self.push_screen(self.room(self.first))
        self.call_after_refresh(self.begin)
        self.call_after_refresh(collect_in_pieces)
        self.set_interval(ABSENT_S, self.absence.use)
        work(self, self.look_on, "live")

    def on_unmount(self) -> None:
        """The view is over."""
        collect_as_usual()

    async def on_event(self, event: TerminalEvent) -> None:
        """Somebody is there."""
        if isinstance(event, InputEvent):
            self.absence.touched()
        await super().on_event(event)

    async def look_on(self) -> None:
        """Read what later screens need, away from the loop, then follow the machine."""
        await asyncio.to_thread(later.load)
        await self.following.carry_on(self.listener())

    def room(self, name: str) -> Room:
        """The screen of this name, made when it is first asked for."""
        if name not in self.rooms:
            self.rooms[name] = later.room(name, self.session)
            self.install_screen(self.rooms[name], name)
        return self.rooms[name]

    def begin(self) -> None:
        """Start a run at the chosen depth."""
        self.stop_signal = asyncio.Event()
        self.session.begin()
        self.following.rest()
        self.changed()
        work(self, self.examine, "run")

    async def examine(self) -> None:
        """One run from its first event to its report."""
        try:
            report = await self.start(self.hear, self.stop_signal)
        except DoctorError as error:
            self.session.progress.trouble = str(error)
            self.changed()
            return
        self.session.finished(report)
        self.hear(RunEnded(report=report))

    def hear(self, event: Event) -> None:
        """Take an event of the run; it is drawn when the loop comes to it."""
        self.post_message(Happened(event))

    @on(Happened)
    def go_on(self, message: Happened) -> None:
        """Draw what the event changed."""
        event = message.event
        self.session.progress.hear(event)
        if isinstance(event, RunBegan):
            work(self, self.fetch_library, "library")
        self.following.hear(event)
        self.changed()

    @on(LookTaken)
    def looked(self, message: LookTaken) -> None:
        """The newest vital signs."""
        self.session.looks.append(message.look)
        self.overview.looked()

    @on(ChangeSeen)
    def note(self, message: ChangeSeen) -> None:
        """Something happened meanwhile."""
        self.session.note(message.sentence)
        self.changed()

    @on(KnownAgain)
    def renew(self, message: KnownAgain) -> None:
        """Live mode knows more; a cause that is new is said aloud."""
        before = self.session.report
        self.session.adopt(message.known)
        for title in newly_confirmed(before, message.known.report) if before else ():
            self.session.note(f"new cause: {plain(title)}")
            self.notify(plain(title), title="New cause", severity="warning", markup=False)
        self.changed()

    def changed(self) -> None:
        """The screen that is to be seen draws itself; the others do when they come back."""
        for screen in self.screen_stack:
            if isinstance(screen, Room):
                screen.changed()

    async def fetch_library(self) -> None:
        """Read the pages of checks and playbooks away from the loop."""
        self.session.library = await asyncio.to_thread(self.read_library)
        self.changed()

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        """What the command palette offers: what the keys do, by name."""
        return commands(self, screen)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that make no sense now are not offered, nor those for what a narrow screen does not show."""
        side = self.main.turns if self.main.is_current else "both"
        if side not in SIDES.get(action, (side,)):
            return False
        over = self.session.progress.over
        report = self.session.report is not None and not self.session.places.read_only
        quiet = self.session.occupied != TREATMENT
        return {"stop": not over, "again": over, "save": report, "leave": quiet}.get(action, True)

    @property
    def here(self) -> str:
        """The name of the place that is seen or lies below."""
        return next((name for name, room in self.rooms.items() if room in self.screen_stack), "causes")

    def action_place(self, name: str) -> None:
        """Show one of the screens; what lies over the present one is closed."""
        if self.session.occupied == TREATMENT and self.disturbs():
            return
        self.close_overlays()
        if self.screen is not self.room(name):
            self.switch_screen(name)

    def close_overlays(self) -> None:
        """Close what lies over the present place."""
        while len(self.screen_stack) > 2:
            self.pop_screen()

    @on(PlaceAsked)
    def go(self, message: PlaceAsked) -> None:
        """A click on the line of screens."""
        self.action_place(message.place)

    @on(CauseAsked)
    def open_cause(self, message: CauseAsked) -> None:
        """From the overview to the line in full."""
        self.action_place("causes")
        self.main.show_line(message.key)

    @on(FixAsked)
    def open_fix(self, message: FixAsked) -> None:
        """The steps that cure a cause."""
        from doctor.tui.screens.playbook import PlaybookScreen

        self.push_screen(PlaybookScreen(self.session, message.row, self.here))

    @on(ApplyAsked)
    def treat(self, message: ApplyAsked) -> None:
        """Carry a remedy out, unless this face only reads or something is under way already."""
        from doctor.tui.applying import wished
        from doctor.tui.screens.treat import TreatScreen

        wish = wished(message.row, message.remedy, self.session)
        if isinstance(wish, str):
            self.notify(wish, markup=False)
        else:
            self.push_screen(TreatScreen(self.session, wish, self.here))

    @on(Occupied)
    def occupy(self, message: Occupied) -> None:
        """Nothing disturbs what goes on, live mode neither."""
        self.session.occupied = message.what
        self.following.rest()
        self.refresh_bindings()

    @on(ServersChanged)
    def renew_all(self) -> None:
        """After a treatment: close what shows how it was before, and examine the servers again."""
        self.close_overlays()
        self.begin()

    def disturbs(self) -> bool:
        """Say so where something goes on that must not be disturbed."""
        if self.session.occupied:
            self.notify(f"Not while {self.session.occupied} goes on", markup=False)
        return bool(self.session.occupied)

    def action_again(self) -> None:
        """Run again."""
        if not self.disturbs():
            self.begin()

    def action_stop(self) -> None:
        """End the run early; what was found is kept."""
        self.stop_signal.set()

    def action_deeper(self) -> None:
        """Passive, quick, deep, and round again; for the next run."""
        depths = list(Depth)
        self.session.depth = depths[(depths.index(self.session.depth) + 1) % len(depths)]
        self.changed()
        if self.session.progress.over:
            self.notify(f"Depth {self.session.depth.value}; r runs again", markup=False)

    def action_light_or_dark(self) -> None:
        """The other theme."""
        self.theme = "textual-dark" if self.theme == "textual-light" else "textual-light"

    def action_copy_step(self) -> None:
        """Copy the selected step of the detail."""
        details = self.screen.query(Detail)
        text = details.first().to_copy if details else ""
        if text:
            self.copy(CopyAsked(text))
        else:
            self.notify("There is no step to copy on this page", markup=False)

    @on(CopyAsked)
    def copy(self, message: CopyAsked) -> None:
        """Put a step on the clipboard and say which."""
        text = message.text.encode("utf-8", "replace").decode()  # half a character cannot be written anywhere
        self.copy_to_clipboard(text)
        if not self.is_web:  # a browser has a clipboard of its own, far from this machine
            work(self, partial(asyncio.to_thread, copied, text), "clipboard")
        self.notify(plain(text, MAX_TOLD), title="Copied", markup=False)

    def action_help(self) -> None:
        """Keys and signs."""
        from doctor.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def action_save(self) -> None:
        """Ask where to save the last report."""
        from doctor.tui.saving import proposal
        from doctor.tui.screens.save import SaveScreen

        if self.session.report is not None:
            self.push_screen(SaveScreen(proposal(self.session.report)), self.save)

    async def save(self, path: str | None) -> None:
        """Write the last report, away from the loop, and say where it is."""
        from doctor.tui.saving import save

        report = self.session.report
        if path is None or report is None:
            return
        try:
            written = await asyncio.to_thread(save, report, path)
        except DoctorError as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        else:
            self.notify("\n".join(str(file) for file in written), title="Saved", markup=False)

    def _fatal_error(self) -> None:
        """A fault of this program: textual's own page shows every local variable, keys among them; ours does not."""
        from doctor.tui.fault import fault

        self._exit_renderables.append(fault())
        self._close_messages_no_wait()

    def action_leave(self) -> None:
        """Quit; a run under way is given up, a treatment is not."""
        if self.session.occupied == TREATMENT and self.disturbs():
            return
        self._end(0)

    def action_interrupt(self) -> None:
        """Ctrl-C: as quitting, but a run that it breaks off counts as interrupted."""
        self._end(INTERRUPTED if self.session.under_way else 0)

    def terminate(self) -> None:
        """SIGTERM: give the terminal back and end."""
        self._end(TERMINATED)

    def _end(self, code: int) -> None:
        self.stop_signal.set()
        words = PUT_BACK if self.session.occupied == TREATMENT else None  # said below the view, which is gone by then
        self.exit(self.session.report, return_code=code, message=words)
