"""Overview: the servers and their state above, what is wrong, and the vital signs of the machine."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical, VerticalScroll
from textual.widget import Widget

from doctor.tui.messages import RowChosen
from doctor.tui.pages import page_of
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.found_list import FoundList
from doctor.tui.widgets.section import Section
from doctor.tui.widgets.vitals import Vitals


class OverviewScreen(Room):
    """The first screen: what somebody under stress needs to see."""

    PLACE = "overview"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r", "app.again", "Run"),
        Binding("x", "app.stop", "Stop"),
        Binding("s", "app.save", "Save"),
        Binding("d", "app.deeper", "Depth", show=False),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session) -> None:
        super().__init__(session)
        self.offers_stop = True

    def body(self) -> Iterable[Widget]:
        """What is wrong, then the vital signs; on a large screen beside each other, and the chosen line in full."""
        found = Section("What is wrong", FoundList(), id="found")
        signs = Section("Vital signs", VerticalScroll(Vitals(), can_focus=True), id="signs")
        yield Container(Vertical(found, Detail(), id="wrong"), signs, id="overview")

    def on_mount(self) -> None:
        """Enter opens the first cause."""
        self.query_one(FoundList).focus()

    @on(RowChosen)
    async def preview(self, message: RowChosen) -> None:
        """The chosen line in full, where there is room for it."""
        detail = self.query_one(Detail)
        if detail.display:
            await detail.tell(page_of(message.row, self.session.progress, self.session.library))

    def on_resize(self) -> None:
        """There may be room for the chosen line now."""
        self.call_after_refresh(self.draw)

    def looked(self) -> None:
        """There is a newer look: only the vital signs are drawn anew, and only where they are seen."""
        if self.complete and self.is_current:
            for vitals in self.query(Vitals):  # none while the app ends
                vitals.tell(self.session)

    def draw(self) -> None:
        """Both halves."""
        progress = self.session.progress
        self.query_one(FoundList).tell(progress)
        self.query_one(Vitals).tell(self.session)
        row = self.query_one(FoundList).row
        if row is not None:
            self.post_message(RowChosen(row))
        if self.offers_stop == progress.over:
            self.offers_stop = not progress.over
            self.refresh_bindings()
