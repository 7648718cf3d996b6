"""A step to be copied: what to do with it, and its text as it goes on the clipboard."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from doctor.tui.messages import CopyAsked
from doctor.tui.page import Action
from doctor.tui.tones import toned


class ActionBox(Static, can_focus=True):
    """Reached with Tab; Enter or `c` copies."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "copy", "Copy", show=False)]

    def __init__(self, action: Action) -> None:
        lines = [toned(action.heading, "faint"), Content.styled(action.text, "bold" if action.typed else "")]
        if action.undo:
            lines.append(toned(f"undo: {action.undo}", "faint"))
        super().__init__(Content("\n").join(lines), markup=False)
        self.action = action

    def action_copy(self) -> None:
        """Ask for the text to be put on the clipboard."""
        self.post_message(CopyAsked(self.action.text))

    def on_click(self) -> None:
        """A click copies as well."""
        self.action_copy()
