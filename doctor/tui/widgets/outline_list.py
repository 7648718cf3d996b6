"""The list on the left: the outline's lines, folded and unfolded with the keyboard."""

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from doctor.model import Cause, Finding
from doctor.tui.messages import DetailAsked, FoldFlipped, RowChosen
from doctor.tui.outline import Row
from doctor.tui.tones import toned
from doctor.tui.widgets.hanging import Hanging

FOLDED, UNFOLDED = "▸", "▾"


class OutlineList(OptionList):
    """Lines by key: a rebuilt outline keeps the place of the reader, or shows the first cause until there is one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "flip", "Fold", show=False),
        Binding("right,l", "unfold", "Unfold", show=False),
        Binding("left,h", "fold", "Fold", show=False),
        Binding("j", "cursor_down", "Down", show=False),
        Binding("k", "cursor_up", "Up", show=False),
        Binding("n", "problem(1)", "Next finding", show=False),
        Binding("p", "problem(-1)", "Previous finding", show=False),
    ]

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.lines_shown: list[Row] = []
        self.placed = ""  # key of the line that was highlighted by us
        self.led = True  # until the reader moves, the highlight goes to the first cause by itself

    @property
    def row(self) -> Row | None:
        """The highlighted line."""
        if self.highlighted is None or self.highlighted >= len(self.lines_shown):
            return None
        return self.lines_shown[self.highlighted]

    def tell(self, lines: Sequence[Row]) -> None:
        """Show these lines; nothing happens when they are the same."""
        if list(lines) == self.lines_shown:
            return
        before, top = self.row, self.scroll_offset.y
        self.lines_shown = list(lines)
        self.set_options(Option(prompt(row)) for row in lines)
        self.scroll_to(y=top, animate=False, immediate=True)
        self.place(self._place(before))

    def place(self, index: int) -> None:
        """Highlight a line for the reader."""
        self.placed = self.lines_shown[index].key
        self.highlighted = index

    def go_to(self, key: str) -> bool:
        """Highlight the line with this key as the reader's own choice; False when there is none."""
        index = next((i for i, row in enumerate(self.lines_shown) if row.key == key), None)
        if index is None:
            return False
        self.led = False
        self.place(index)
        return True

    def _place(self, before: Row | None) -> int:
        if self.led or before is None:
            return next((i for i, row in enumerate(self.lines_shown) if isinstance(row.item, Cause)), 0)
        keys = [row.key for row in self.lines_shown]
        return keys.index(before.key) if before.key in keys else self._nearest(before)

    def _nearest(self, before: Row) -> int:
        """The server of a line that is gone: a check that was under way has ended."""
        same = (i for i, row in enumerate(self.lines_shown) if row.target is before.target)
        return next(same, 0)

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say which line it is, and stop leading once the reader has moved."""
        event.stop()
        row = self.row
        if row is None:
            return
        if row.key != self.placed:
            self.led, self.placed = False, row.key
        self.post_message(RowChosen(row))

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Enter goes into the detail."""
        event.stop()
        self.led = False
        self.post_message(DetailAsked())

    def action_flip(self) -> None:
        """Fold or unfold the line."""
        if self.row is not None and self.row.folded is not None:
            self.led = False
            self.post_message(FoldFlipped(self.row.key))

    def action_unfold(self) -> None:
        """Unfold the line; one that is unfolded already is read in detail."""
        if self.row is not None and self.row.folded:
            self.action_flip()
        else:
            self.post_message(DetailAsked())

    def action_fold(self) -> None:
        """Fold the line; one that has nothing to fold gives way to the line that it belongs to."""
        row = self.row
        if row is None:
            return
        if row.folded is False:
            self.action_flip()
            return
        above = range((self.highlighted or 0) - 1, -1, -1)
        self.highlighted = next((i for i in above if self.lines_shown[i].level < row.level), self.highlighted)

    def action_problem(self, step: int) -> None:
        """Go to the next or previous cause or finding, round the ends."""
        here, size = self.highlighted or 0, len(self.lines_shown)
        order = [(here + step * n) % size for n in range(1, size + 1)] if size else []
        problems = (i for i in order if isinstance(self.lines_shown[i].item, Cause | Finding))
        self.highlighted = next(problems, self.highlighted)


def prompt(row: Row) -> Hanging:
    """The line as it is drawn: indentation, fold mark, sign, text."""
    fold = " " if row.folded is None else FOLDED if row.folded else UNFOLDED
    indent = "  " * max(0, row.level - 1)
    mark = Content.assemble(indent, toned(fold, "faint"), " ", toned(row.sign or " ", row.tone), " ")
    text = Content.styled(row.text, "bold" if row.level == 0 else "")
    return Hanging(mark, text)
