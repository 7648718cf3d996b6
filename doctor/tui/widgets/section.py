"""A titled part of a screen."""

from textual.containers import Vertical
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static


class Section(Vertical):
    """A title above its content."""

    def __init__(self, title: str, *content: Widget, id: str) -> None:  # noqa: A002 - as textual calls it
        super().__init__(
            Static(Content.styled(title, "bold underline"), classes="section-title", markup=False), *content, id=id
        )
