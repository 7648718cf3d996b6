"""Report: a bug report for the project whose server it is, as it would leave this machine; nothing is sent."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from doctor.errors import DoctorError
from doctor.model import Report
from doctor.text import one_line, plain
from doctor.tui.drafting import Draft, drafted, likely, upstreams
from doctor.tui.messages import CopyAsked
from doctor.tui.saving import save_text
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.screens.save import SaveScreen
from doctor.tui.session import Session
from doctor.tui.tones import toned
from doctor.tui.widgets.paper import Paper
from doctor.tui.work import work

MAX_PREVIEW = 60_000
WAITING = "The report can be written when a run has ended."


class ReportScreen(Room):
    """Project and own words left, the preview right."""

    PLACE = "report"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("c", "copy", "Copy"),
        Binding("u", "copy_url", "Address"),
        Binding("s", "save", "Save"),
        Binding("escape", "leave_words", "Back", show=False),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.projects = list(upstreams())
        self.project = ""
        self.draft: Draft | None = None
        self.drafted_of: tuple[Report, str, str] | None = None

    def body(self) -> Iterable[Widget]:
        """What goes into it, and what comes out."""
        projects = OptionList(*(Option(Content(name)) for name in self.projects), id="projects", markup=False)
        words = Input(placeholder="in your words: what you did and saw (optional)", id="words", select_on_focus=False)
        which = Content.styled("For which project", "bold underline")
        side = Vertical(Static(which, classes="label", markup=False), projects, id="choices")
        body = Horizontal(side, Paper(id="preview"), id="report-body")
        yield Vertical(words, body, Static("", id="replaced", markup=False), id="report")

    def on_mount(self) -> None:
        """The projects have the keys."""
        self.query_one("#projects", OptionList).focus()

    def draw(self) -> None:
        """Choose the likely project when a run has ended, and write."""
        report = self.session.report
        if report is None or not report.targets:
            self.query_one(Paper).say(toned(WAITING, "faint"))
            return
        if not self.project and self.is_current:
            self.project = likely(report)
            projects = self.query_one("#projects", OptionList)
            projects.highlighted = self.projects.index(self.project)
            self.call_after_refresh(projects.scroll_to_highlight)
        if self.is_current:
            self._write()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Copying and saving are offered where there is something."""
        if action == "save" and self.session.places.read_only:
            return False
        return self.draft is not None if action in ("copy", "copy_url", "save") else True

    @on(OptionList.OptionHighlighted, "#projects")
    def choose(self, event: OptionList.OptionHighlighted) -> None:
        """Another project."""
        event.stop()
        if self.project and self.projects[event.option_index] != self.project:
            self.project = self.projects[event.option_index]
            self._write()

    @on(Input.Submitted, "#words")
    def said(self, event: Input.Submitted) -> None:
        """Other words."""
        event.stop()
        self._write()
        self.query_one(Paper).focus()

    def action_leave_words(self) -> None:
        """From the words to the projects."""
        self.query_one("#projects", OptionList).focus()

    def _write(self) -> None:
        report = self.session.report
        wanted = (report, self.project, self.query_one("#words", Input).value)
        if report is None or wanted == self.drafted_of:
            return
        self.drafted_of = (report, self.project, wanted[2])
        work(self, partial(self._draft, report, self.project, wanted[2]), "draft")

    async def _draft(self, report: Report, project: str, words: str) -> None:
        """Redact and fill, away from the loop."""
        try:
            self.draft = await asyncio.to_thread(drafted, report, project, words)
        except DoctorError as error:
            self.draft = None
            self.query_one(Paper).say(toned(f"? {one_line(str(error), 400)}", "warn"))
        else:
            self.query_one(Paper).tell(plain(self.draft.text, MAX_PREVIEW))
            self.query_one("#replaced", Static).update(toned(_replaced(self.draft), "faint"))
        self.refresh_bindings()

    def action_copy(self) -> None:
        """The text on the clipboard."""
        if self.draft:
            self.post_message(CopyAsked(self.draft.text))

    def action_copy_url(self) -> None:
        """The address of the prefilled page on the clipboard."""
        if self.draft:
            self.post_message(CopyAsked(self.draft.url))

    def action_save(self) -> None:
        """Ask where to."""
        self.app.push_screen(SaveScreen(f"{self.project}-report.md", "Save the bug report:"), self._save)

    async def _save(self, path: str | None) -> None:
        if path is None or self.draft is None:
            return
        try:
            written = await asyncio.to_thread(save_text, self.draft.text, path)
        except DoctorError as error:
            self.notify(one_line(str(error), 300), title="Not saved", severity="error", markup=False)
        else:
            self.notify(str(written), title="Saved", markup=False)


def _replaced(draft: Draft) -> str:
    kinds = ", ".join(f"{number} {kind}" for kind, number in draft.replaced.items() if number)
    told = f"Replaced before it is shown: {kinds}." if kinds else "Nothing had to be replaced."
    return f"{told} Nothing is sent: c copies the text, u the address of the prefilled page."
