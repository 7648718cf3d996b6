"""History: the reports that were kept on this machine, one in short, or what changed between two."""

import asyncio
from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.widget import Widget
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from doctor.errors import DoctorError
from doctor.history import Entry
from doctor.model import Report, State
from doctor.report.json import read_file
from doctor.text import one_line
from doctor.tui.history_page import comparison_page, report_page, when
from doctor.tui.keeping import keep, kept
from doctor.tui.page import Page, Paragraph
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.tones import toned
from doctor.tui.widgets.detail import Detail
from doctor.tui.words import STATE_SIGNS, STATE_TONES
from doctor.tui.work import work

NOW = "now"
EMPTY = (
    "Nothing is kept yet. Press k after a run to keep its report here; `llm-doctor check --keep` does the same. "
    "With two of them, m marks one and the line that you go to is compared with it."
)


class HistoryScreen(Room):
    """The present run stands on top, then what is kept, newest first. One line can be marked for comparison."""

    PLACE = "history"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("m,space", "mark", "Mark to compare"),
        Binding("k", "keep", "Keep this run"),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.entries: list[Entry] = []
        self.marked = ""
        self.shown: Report | None = None  # the run on top, as it was listed

    def body(self) -> Iterable[Widget]:
        """The list left, the page right; on a narrow screen the list above."""
        yield Horizontal(OptionList(id="runs", markup=False), Detail(), id="history")

    def on_mount(self) -> None:
        """The list has the keys."""
        self.query_one("#runs", OptionList).focus()

    def on_screen_resume(self) -> None:
        """Somebody else may have kept a report meanwhile."""
        self._reload()

    def draw(self) -> None:
        """A run that ended appears on top."""
        if self.shown is not self.session.report:
            self._reload()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keeping is offered where there is a run, and a history to write to."""
        places = self.session.places
        if action == "keep":
            return self.session.report is not None and places.history is not None and not places.read_only
        return action != "mark" or len(self._keys()) > 1

    def _reload(self) -> None:
        work(self, self._load, "load")

    async def _load(self) -> None:
        folder = self.session.places.history
        try:
            self.entries = await asyncio.to_thread(kept, folder) if folder else []
        except DoctorError as error:
            self.entries = []
            self.notify(one_line(str(error), 300), severity="error", markup=False)
        self.shown = self.session.report
        self._list()
        self.refresh_bindings()
        if not self._keys():
            page = Page(sign="", tone="", status="", title="History", blocks=(Paragraph(text=EMPTY),))
            await self.query_one(Detail).tell(page)

    def _keys(self) -> list[str]:
        return ([NOW] if self.shown is not None else []) + [str(entry.path) for entry in self.entries]

    def _list(self) -> None:
        runs = self.query_one("#runs", OptionList)
        before = runs.highlighted
        runs.set_options(Option(self._line(key)) for key in self._keys())
        if self._keys():
            runs.highlighted = min(before or 0, len(self._keys()) - 1)

    def _line(self, key: str) -> Content:
        mark = toned("● ", "warn") if key == self.marked else Content("  ")
        if key == NOW and self.shown is not None:
            return Content.assemble(mark, _state(self.shown.state), toned(" now ", "faint"), when(self.shown.started))
        number, entry = next((n, e) for n, e in enumerate(self.entries, 1) if str(e.path) == key)
        time = entry.time.strftime("%Y-%m-%d %H:%M")
        return Content.assemble(mark, _state(State(entry.state)), toned(f" {number:>3} ", "faint"), time)

    @on(OptionList.OptionHighlighted, "#runs")
    def look_at(self, event: OptionList.OptionHighlighted) -> None:
        """Show this one, or compare it with the marked one."""
        event.stop()
        if event.option_index < len(self._keys()):
            work(self, partial(self._show, self._keys()[event.option_index]), "show")

    @on(OptionList.OptionSelected, "#runs")
    def go_in(self, event: OptionList.OptionSelected) -> None:
        """Enter goes to the page."""
        event.stop()
        self.query_one(Detail).focus()

    async def _show(self, key: str) -> None:
        try:
            report = await self._report(key)
            if self.marked and self.marked != key and self.marked in self._keys():
                other = await self._report(self.marked)
                before, after = sorted((report, other), key=lambda one: one.started)
                page = await asyncio.to_thread(comparison_page, before, after)
            else:
                page = report_page(report)
        except DoctorError as error:
            page = Page(
                sign="?",
                tone="warn",
                status="",
                title="Cannot be read",
                blocks=(Paragraph(text=one_line(str(error), 400)),),
            )
        await self.query_one(Detail).tell(page)

    async def _report(self, key: str) -> Report:
        if key == NOW and self.shown is not None:
            return self.shown
        return await asyncio.to_thread(read_file, key)

    def action_mark(self) -> None:
        """Mark the line, or take the mark away."""
        runs = self.query_one("#runs", OptionList)
        if runs.highlighted is not None and runs.highlighted < len(self._keys()):
            key = self._keys()[runs.highlighted]
            self.marked = "" if self.marked == key else key
            self._list()
            if self.marked:
                self.notify("Marked; the line that you go to is compared with it", markup=False)

    def action_keep(self) -> None:
        """Keep the report of this run."""
        work(self, self._keep, "keep")

    async def _keep(self) -> None:
        report, folder = self.session.report, self.session.places.history
        if report is None or folder is None:
            return
        try:
            path = await asyncio.to_thread(keep, report, folder)
        except DoctorError as error:
            self.notify(one_line(str(error), 300), title="Not kept", severity="error", markup=False)
        else:
            self.notify(str(path), title="Kept", markup=False)
            self._reload()


def _state(state: State) -> Content:
    return toned(f"{STATE_SIGNS[state]} {state.value:<8}", STATE_TONES[state])
