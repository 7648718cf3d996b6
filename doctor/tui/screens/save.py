"""The question where to save the report."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static


class SaveScreen(ModalScreen[str | None]):
    """Gives back the path, or None when the reader thinks better of it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, proposal: str, question: str = "Save the report as JSON, and as text beside it:") -> None:
        super().__init__()
        self.question = question
        self.proposal = proposal

    def compose(self) -> ComposeResult:
        """The question and the path."""
        with Vertical(classes="dialog") as dialog:
            dialog.border_subtitle = "enter saves, esc cancels"
            yield Static(self.question, markup=False)
            yield Input(self.proposal, select_on_focus=False)

    @on(Input.Submitted)
    def chosen(self, event: Input.Submitted) -> None:
        """Hand over what was typed."""
        self.dismiss(event.value.strip() or None)
