"""Causes: the outline of everything that was found, and the highlighted line in detail."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.widget import Widget

from doctor.model import Cause
from doctor.tui.messages import DetailAsked, FixAsked, FoldFlipped, RowChosen
from doctor.tui.outline import Row, rows
from doctor.tui.pages import page_of
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.outline_list import OutlineList


class CausesScreen(Room):
    """Outline and detail; on a narrow screen they take turns."""

    PLACE = "causes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("f", "fix", "Fix"),
        Binding("c", "app.copy_step", "Copy"),
        Binding("r", "app.again", "Run"),
        Binding("x", "app.stop", "Stop"),
        Binding("s", "app.save", "Save"),
        Binding("d", "app.deeper", "Depth", show=False),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.flipped: set[str] = set()
        self.wanted = ""  # key of a line that another screen asked for
        self.offers = (False, False)  # a stop or another run, a fix: what the keys in the footer are for

    def body(self) -> Iterable[Widget]:
        """Left to right."""
        yield Horizontal(OutlineList(), Detail(), id="body")

    def on_mount(self) -> None:
        """The outline has the keys first."""
        self.query_one(OutlineList).focus()

    def on_resize(self) -> None:
        """A screen that became narrow shows the side that is being read."""
        self.set_class(self.narrow and self.query_one(Detail).has_focus_within, "-reading")

    @property
    def turns(self) -> str:
        """Which side is to be seen: "both", or on a narrow screen "outline" or "detail"."""
        if not self.narrow:
            return "both"
        return "detail" if self.has_class("-reading") else "outline"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going back is offered where there is something to go back from, a fix where the line is a cause."""
        if action == "back":
            return not self.query_one(OutlineList).has_focus
        if action == "fix":
            return self.cause_row is not None
        return True

    @property
    def cause_row(self) -> Row | None:
        """The highlighted line, when it is a cause."""
        row = self.query_one(OutlineList).row
        return row if row is not None and isinstance(row.item, Cause) else None

    def draw(self) -> None:
        """Bring the outline up to date; it says which page to show."""
        progress = self.session.progress
        outline = self.query_one(OutlineList)
        outline.tell(rows(progress, self.flipped))
        if self.wanted and outline.go_to(self.wanted):
            self.wanted = ""
        if outline.row is not None:
            self.post_message(RowChosen(outline.row))

    def show_line(self, key: str) -> None:
        """Highlight this line."""
        self.wanted = key
        self.changed()

    @on(RowChosen)
    async def show_page(self, message: RowChosen) -> None:
        """The page of the highlighted line."""
        await self.query_one(Detail).tell(page_of(message.row, self.session.progress, self.session.library))
        offers = (self.session.progress.over, self.cause_row is not None)
        if offers != self.offers:
            self.offers = offers
            self.refresh_bindings()

    @on(FoldFlipped)
    def flip(self, message: FoldFlipped) -> None:
        """Fold or unfold one line."""
        self.flipped ^= {message.key}
        self.draw()

    @on(DetailAsked)
    def read(self) -> None:
        """Go into the detail; on a narrow screen it takes the place of the outline."""
        self.set_class(self.narrow, "-reading")
        self.query_one(Detail).focus()

    def action_back(self) -> None:
        """Go back to the outline."""
        self.remove_class("-reading")
        self.query_one(OutlineList).focus()

    def action_fix(self) -> None:
        """Open the steps that cure the highlighted cause."""
        row = self.cause_row
        if row is not None:
            self.post_message(FixAsked(row))
