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

from doctor.model import Cause, Remedy
from doctor.tui.applying import apply_note, can_be_applied
from doctor.tui.messages import ApplyAsked
from doctor.tui.outline import Row
from doctor.tui.playbook_page import remedy_line, remedy_page
from doctor.tui.screens.room import LAST_KEYS, Room
from doctor.tui.session import Session
from doctor.tui.tones import toned
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.hanging import Hanging


class PlaybookScreen(Room):
    """Lies over the causes until Escape closes it; what it shows is the cause as it was when it was opened."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Back"),
        Binding("a", "apply", "Apply"),
        Binding("tab", "app.focus_next", "Next step", show=True),
        Binding("c", "app.copy_step", "Copy"),
        *LAST_KEYS,
    ]

    def __init__(self, session: Session, row: Row, place: str) -> None:
        super().__init__(session)
        self.PLACE = place
        self.row = row
        self.number = 0  # of the remedy that is shown

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
        remedies.add_options(self._option(number) for number in range(len(self.cause.remedies)))
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

    @property
    def remedy(self) -> Remedy | None:
        """The remedy that is shown."""
        return self.cause.remedies[self.number] if self.number < len(self.cause.remedies) else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Carrying out is offered where it is possible."""
        return action != "apply" or can_be_applied(self.row, self.remedy, self.session.places)

    def action_apply(self) -> None:
        """Go on to the plan of this remedy."""
        if self.remedy is not None:
            self.post_message(ApplyAsked(self.row, self.remedy))

    async def _show(self, number: int) -> None:
        self.number = number
        self.refresh_bindings()
        if self.row.target is not None:
            note = apply_note(self.row, self.remedy, self.session.places)
            page = remedy_page(self.cause, number, self.row.target, self.session.library, note)
            await self.query_one(Detail).tell(page)

    def _option(self, number: int) -> Option:
        says, risk = remedy_line(self.cause.remedies[number])
        able = can_be_applied(self.row, self.cause.remedies[number], self.session.places)
        traits = "; ".join(part for part in ("a applies it" if able else "", risk) if part)
        mark = Content.styled(f"{number + 1}. ", "bold")
        return Option(Hanging(mark, Content.assemble(says, toned(f"  {traits}" if traits else "", "faint"))))
