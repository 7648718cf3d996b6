"""The short list of the overview: every cause, and every finding that none explains; Enter opens it in full."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from doctor.model import Cause, Finding, Severity
from doctor.text import one_line
from doctor.tui.messages import CauseAsked, RowChosen
from doctor.tui.outline import Row, rows
from doctor.tui.progress import Progress
from doctor.tui.tones import toned
from doctor.tui.widgets.hanging import Hanging


class FoundList(OptionList):
    """Keeps the reader's line while results arrive."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "select", "Open")]

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.found: list[Row] = []
        self.says = ""  # instead of a list, where there is none

    @property
    def row(self) -> Row | None:
        """The highlighted line."""
        at = self.highlighted
        return self.found[at] if at is not None and at < len(self.found) else None

    def tell(self, progress: Progress) -> None:
        """Show what was found so far."""
        found = worth_a_line(progress)
        says = "" if found else _nothing(progress)
        if (found, says) == (self.found, self.says) and self.option_count:
            return
        before = self.found[self.highlighted].key if self.highlighted is not None and self.found else ""
        self.found, self.says = found, says
        options = [Option(_drawn(row)) for row in found] or [Option(toned(says, "faint"), disabled=True)]
        self.set_options(options)
        keys = [row.key for row in found]
        self.highlighted = (keys.index(before) if before in keys else 0) if found else None

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say which line it is."""
        event.stop()
        if self.row is not None:
            self.post_message(RowChosen(self.row))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Open the line in full."""
        event.stop()
        if event.option_index < len(self.found):
            self.post_message(CauseAsked(self.found[event.option_index].key))


def worth_a_line(progress: Progress) -> list[Row]:
    """Causes, and findings worse than a note that stand alone; of several servers with their names before them."""
    found = []
    for row in rows(progress, ()):
        if isinstance(row.item, Cause):
            found.append(row)
        elif isinstance(row.item, Finding) and row.item.severity is not Severity.NOTE and row.item.explained_by is None:
            claimed = {symptom for cause in _causes(row) for symptom in cause.because}
            found += [] if row.item.symptom in claimed else [row]
    return found


def _causes(row: Row) -> Sequence[Cause]:
    return row.target.diagnosis.causes if row.target else ()


def _drawn(row: Row) -> Hanging:
    suspected = isinstance(row.item, Cause) and row.item.verdict != "confirmed"
    text = Content(row.text) if not suspected else Content.assemble(row.text, toned(" (suspected)", "faint"))
    return Hanging(Content.assemble(toned(row.sign, row.tone), " "), text)


def _nothing(progress: Progress) -> str:
    if progress.trouble:
        return f"The run could not start: {one_line(progress.trouble, 300)}"
    if progress.over:
        return (
            "Nothing is wrong as far as it was measured."
            if progress.targets
            else "No model server was found; 2 says what to do."
        )
    return "Nothing so far. What is found appears here as it is found."
