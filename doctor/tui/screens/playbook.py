"""The playbook of one cause: its remedies to choose from, and the steps of the chosen one."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Mount
from textual.widget import Widget
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from doctor.model import Cause
from doctor.tui.outline import Row
from doctor.tui.playbook_page import remedy_line, remedy_page
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.tones import toned
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.hanging import Hanging


class PlaybookScreen(Room):
    """Lies over the causes until Escape closes it; what it shows is the cause as it was when it was opened."""

    PLACE = "causes"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("tab", "app.focus_next", "Next step", show=True),
        Binding("c", "app.copy_step", "Copy"),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session, row: Row) -> None:
        super().__init__(session)
        self.row = row

    @property
    def cause(self) -> Cause:
        """The cause whose playbook this is."""
        if not isinstance(self.row.item, Cause):
            raise TypeError("only a cause has a playbook")
        return self.row.item

    def body(self) -> Iterable[Widget]:
        """The choice above, the steps below."""
        title = Content.assemble(toned(f"{self.row.sign} ", self.row.tone), Content.styled(self.row.text, "bold"))
        remedies = OptionList(id="remedies", markup=False)
        remedies.add_options(_option(number, self.cause) for number in range(len(self.cause.remedies)))
        yield Vertical(Static(title, id="cause-title", markup=False), remedies, Detail(), id="playbook")

    @on(Mount)
    async def begin(self) -> None:
        """The first remedy is the one that is recommended."""
        remedies = self.query_one("#remedies", OptionList)
        remedies.display = len(self.cause.remedies) > 1
        if remedies.display:
            remedies.highlighted = 0
            remedies.focus()
        else:
            self.query_one(Detail).focus()
        await self._show(0)

    @on(OptionList.OptionHighlighted, "#remedies")
    async def choose(self, event: OptionList.OptionHighlighted) -> None:
        """The steps of this one."""
        event.stop()
        await self._show(event.option_index)

    @on(OptionList.OptionSelected, "#remedies")
    def go_in(self, event: OptionList.OptionSelected) -> None:
        """Enter goes to its steps."""
        event.stop()
        self.query_one(Detail).focus()

    async def _show(self, number: int) -> None:
        if self.row.target is not None:
            page = remedy_page(self.cause, number, self.row.target, self.session.library)
            await self.query_one(Detail).tell(page)


def _option(number: int, cause: Cause) -> Option:
    says, risk = remedy_line(cause.remedies[number])
    mark = Content.styled(f"{number + 1}. ", "bold")
    return Option(Hanging(mark, Content.assemble(says, toned(f"  {risk}" if risk else "", "faint"))))
