"""What the parts of the face tell each other."""

from dataclasses import dataclass

from textual.message import Message

from doctor.events import Event
from doctor.tui.outline import Row


@dataclass
class Happened(Message):
    """The run went on by one event."""

    event: Event


@dataclass
class RowChosen(Message):
    """Another line of the outline is highlighted."""

    row: Row


@dataclass
class DetailAsked(Message):
    """The reader wants to go into the detail of the highlighted line."""


@dataclass
class CopyAsked(Message):
    """The reader wants this text on the clipboard."""

    text: str


@dataclass
class FoldFlipped(Message):
    """The line with this key is folded where it was unfolded, or the reverse."""

    key: str
