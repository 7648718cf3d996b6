"""A long text to read, of which only the lines in view are drawn; a text of thousands of lines opens at once."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import TextArea


class Paper(TextArea, inherit_bindings=False):
    """The library's text area without its cursor: the arrow keys move the text."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "Up", show=False),
        Binding("down,j", "scroll_down", "Down", show=False),
        Binding("pageup", "page_up", "Page up", show=False),
        Binding("pagedown", "page_down", "Page down", show=False),
        Binding("home", "scroll_home", "Top", show=False),
        Binding("end", "scroll_end", "Bottom", show=False),
    ]

    def __init__(self, *, id: str) -> None:  # noqa: A002 - as the library calls it
        super().__init__(id=id, read_only=True, compact=True, show_cursor=False, highlight_cursor_line=False)

    def tell(self, text: str) -> None:
        """Show this text from its top; nothing happens when it is shown already."""
        if text != self.text:
            self.load_text(text)
        self.scroll_home(animate=False)

    def say(self, instead: Content) -> None:
        """Show a sentence where there is no text."""
        self.tell("")
        self.placeholder = instead
