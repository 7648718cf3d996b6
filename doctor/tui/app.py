"""The app: starts runs, hands their events to the main screen, and carries out what the keys ask for."""

import asyncio
import contextlib
import signal
import time
from collections.abc import Awaitable, Callable
from typing import ClassVar

import msgspec
from textual import on
from textual.app import App
from textual.binding import Binding, BindingType

from doctor.errors import DoctorError, RedactionError, ReportError
from doctor.events import Event, RunBegan, RunEnded
from doctor.model import Depth, Report
from doctor.runner import RunPlan
from doctor.text import plain
from doctor.tui.library import Library, library
from doctor.tui.messages import CopyAsked, Happened
from doctor.tui.progress import Progress
from doctor.tui.screens.main import MainScreen
from doctor.tui.widgets.detail import Detail

Start = Callable[[Callable[[Event], None], asyncio.Event], Awaitable[Report]]
INTERRUPTED = 130
TERMINATED = 143
MAX_TOLD = 300  # characters of a copied step that the notice repeats
# Keys that a narrow screen offers beside the outline only, or beside the detail only.
SIDES = {
    "stop": ("both", "outline"),
    "again": ("both", "outline"),
    "deeper": ("both", "outline"),
    "copy_step": ("both", "detail"),
}


class DoctorApp(App[Report | None]):
    """`start` carries out one run: it is given a function for its events and an event that stops it early."""

    CSS_PATH = "style.tcss"
    TITLE = "llm-doctor"
    ENABLE_COMMAND_PALETTE = False
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
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self.animation_level = "none"
        self.start = start
        self.depth = depth
        self.read_library = read_library
        self.clock = clock
        self.progress = Progress(depth, clock)
        self.stop_signal = asyncio.Event()
        self.last_report: Report | None = None
        self.main = MainScreen(self.progress, Library(), depth)

    def on_mount(self) -> None:
        """Paint first, then start the run."""
        self.push_screen(self.main)
        self.call_after_refresh(self.begin)

    def begin(self) -> None:
        """Start a run at the chosen depth."""
        self.stop_signal = asyncio.Event()
        self.progress = Progress(self.depth, self.clock)
        self.main.progress = self.progress
        self.main.changed()
        self.run_worker(self.examine(), exclusive=True, group="run")

    async def examine(self) -> None:
        """One run from its first event to its report."""
        try:
            report = await self.start(self.hear, self.stop_signal)
        except DoctorError as error:
            self.progress.trouble = str(error)
            self.main.changed()
            return
        self.last_report = report
        self.hear(RunEnded(report=report))

    def hear(self, event: Event) -> None:
        """Take an event of the run; it is drawn when the loop comes to it."""
        self.post_message(Happened(event))

    @on(Happened)
    def go_on(self, message: Happened) -> None:
        """Draw what the event changed."""
        self.progress.hear(message.event)
        self.main.changed()
        if isinstance(message.event, RunBegan):
            self.run_worker(self.fetch_library(), group="library", exclusive=True)

    async def fetch_library(self) -> None:
        """Read the pages of checks and playbooks away from the loop."""
        self.main.library = await asyncio.to_thread(self.read_library)
        self.main.changed()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that make no sense now are not offered, nor those for what a narrow screen does not show."""
        side = self.main.turns
        if side not in SIDES.get(action, (side,)):
            return False
        over = self.progress.over
        return {"stop": not over, "again": over, "save": self.last_report is not None}.get(action, True)

    def action_again(self) -> None:
        """Run again."""
        self.begin()

    def action_stop(self) -> None:
        """End the run early; what was found is kept."""
        self.stop_signal.set()

    def action_deeper(self) -> None:
        """Passive, quick, deep, and round again; for the next run."""
        depths = list(Depth)
        self.depth = depths[(depths.index(self.depth) + 1) % len(depths)]
        self.main.next_depth = self.depth
        self.main.changed()
        if self.progress.over:
            self.notify(f"Depth {self.depth.value}; r runs again", markup=False)

    def action_light_or_dark(self) -> None:
        """The other theme."""
        self.theme = "textual-dark" if self.theme == "textual-light" else "textual-light"

    def action_copy_step(self) -> None:
        """Copy the selected step of the detail."""
        text = self.main.query_one(Detail).to_copy
        if text:
            self.copy(CopyAsked(text))
        else:
            self.notify("There is no step to copy on this page", markup=False)

    @on(CopyAsked)
    def copy(self, message: CopyAsked) -> None:
        """Put a step on the clipboard and say which."""
        self.copy_to_clipboard(message.text)
        self.notify(plain(message.text, MAX_TOLD), title="Copied", markup=False)

    def action_help(self) -> None:
        """Keys and signs."""
        from doctor.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen())

    def action_save(self) -> None:
        """Ask where to save the last report."""
        from doctor.tui.saving import proposal
        from doctor.tui.screens.save import SaveScreen

        if self.last_report is not None:
            self.push_screen(SaveScreen(proposal(self.last_report)), self.save)

    async def save(self, path: str | None) -> None:
        """Write the last report, away from the loop, and say where it is."""
        from doctor.tui.saving import save

        if path is None or self.last_report is None:
            return
        try:
            written = await asyncio.to_thread(save, self.last_report, path)
        except (RedactionError, ReportError) as error:
            self.notify(str(error), title="Not saved", severity="error", markup=False)
        else:
            self.notify("\n".join(str(file) for file in written), title="Saved", markup=False)

    def _fatal_error(self) -> None:
        """A fault of this program: textual's own page shows every local variable, keys among them; ours does not."""
        import traceback

        from rich.text import Text

        from doctor.redact import Redactor, gather

        self._exit_renderables.append(Text(Redactor(gather()).text(traceback.format_exc())))
        self._close_messages_no_wait()

    def action_leave(self) -> None:
        """Quit; a run under way is given up."""
        self.stop_signal.set()
        self.exit(self.last_report)

    def action_interrupt(self) -> None:
        """Ctrl-C: as quitting, but a run that it breaks off counts as interrupted."""
        self.stop_signal.set()
        self.exit(self.last_report, return_code=0 if self.progress.over else INTERRUPTED)

    def terminate(self) -> None:
        """SIGTERM: give the terminal back and end."""
        self.stop_signal.set()
        self.exit(self.last_report, return_code=TERMINATED)


def run_app(plan: RunPlan) -> Report | None:
    """Open the face on this plan and give back the last finished report.

    Raises KeyboardInterrupt when Ctrl-C broke off a run and SystemExit on SIGTERM, after the terminal is as it was.
    """
    from doctor.runner import run

    def start(emit: Callable[[Event], None], stop: asyncio.Event) -> Awaitable[Report]:
        with contextlib.suppress(NotImplementedError):  # Windows has no such signal
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, app.terminate)
        return run(msgspec.structs.replace(plan, depth=app.depth), emit, stop)

    def read_library() -> Library:
        from doctor.plugins import load_checks, load_playbooks

        return library(load_checks(plan.plugins), load_playbooks(plan.plugins))

    app = DoctorApp(start, depth=plan.depth, read_library=read_library)
    report = app.run()
    if app.return_code == INTERRUPTED:
        raise KeyboardInterrupt
    if app.return_code == TERMINATED:
        raise SystemExit(TERMINATED)
    return report
