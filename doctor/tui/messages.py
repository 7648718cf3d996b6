"""What the parts of the face tell each other."""

from dataclasses import dataclass

from textual.message import Message

from doctor.events import Event
from doctor.known import Known
from doctor.model import Remedy
from doctor.tui.outline import Row
from doctor.vitals import Look


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


@dataclass
class LookTaken(Message):
    """Live mode looked at the machine and its servers."""

    look: Look


@dataclass
class ChangeSeen(Message):
    """Something happened on the machine while nobody asked."""

    sentence: str


@dataclass
class KnownAgain(Message):
    """Live mode examined what needs only reading; this is what is known now."""

    known: Known


@dataclass
class PlaceAsked(Message):
    """The reader wants to see another screen: one of the names in `screens`."""

    place: str


@dataclass
class CauseAsked(Message):
    """The reader wants to see this line of the outline in full."""

    key: str


@dataclass
class FixAsked(Message):
    """The reader wants the steps that cure the cause of this line."""

    row: Row


@dataclass
class ApplyAsked(Message):
    """The reader wants this remedy of the cause of this line to be carried out."""

    row: Row
    remedy: Remedy


@dataclass
class Occupied(Message):
    """Something goes on that must not be disturbed, a run or live mode would; "" when it has ended."""

    what: str


@dataclass
class ServersChanged(Message):
    """A treatment changed something: what was known of the servers is old."""
