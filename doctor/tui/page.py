"""What the right side shows of a line of the outline: blocks of plain text, without a word about how they look."""

import msgspec

from doctor.model import Evidence


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Settings shared by the blocks of a page."""


class Heading(Part, frozen=True, kw_only=True):
    """The title of a section."""

    text: str


class Paragraph(Part, frozen=True, kw_only=True):
    """Running text; `tone` is one of the tones of `words`, `indent` counts columns."""

    text: str
    tone: str = ""
    indent: int = 0


class Bullet(Part, frozen=True, kw_only=True):
    """A paragraph behind a mark."""

    mark: str
    text: str
    tone: str = ""


class Code(Part, frozen=True, kw_only=True):
    """Lines to be shown as they are."""

    text: str


class Measurements(Part, frozen=True, kw_only=True):
    """The evidence table."""

    evidence: tuple[Evidence, ...]


class Changes(Part, frozen=True, kw_only=True):
    """Values before and after: label, before, after; what is the same and what is not is told apart."""

    rows: tuple[tuple[str, str, str], ...]


class Action(Part, frozen=True, kw_only=True):
    """Something to copy: `heading` says what to do with `text`, `undo` how to take it back.

    `typed` is false for a text that is read and done by hand, not typed as it stands.
    """

    heading: str
    text: str
    typed: bool = True
    undo: str = ""


class Marked(Part, frozen=True, kw_only=True):
    """One value on a scale of bars: how long its bar is, of the longest one, and what it says."""

    label: str
    value: float
    says: str
    tone: str = ""


class Bars(Part, frozen=True, kw_only=True):
    """Values of one kind compared, each as a bar; `caption` says what a longer bar means."""

    bars: tuple[Marked, ...]
    caption: str = ""


class Slice(Part, frozen=True, kw_only=True):
    """A part of a whole, in bytes."""

    label: str
    bytes: float


class Stacked(Part, frozen=True, kw_only=True):
    """Memory: the parts that a model takes one after the other, and the room that there is, which may end before.

    `room_bytes` None: not known. `where` names the memory.
    """

    slices: tuple[Slice, ...]
    room_bytes: float | None = None
    where: str = ""


class Spot(Part, frozen=True, kw_only=True):
    """A place in a text, 0 (its head) to 1 (its end), and whether what was hidden there was found."""

    depth: float
    found: bool


class Strip(Part, frozen=True, kw_only=True):
    """A text from head to end with the places that were tested."""

    label: str
    spots: tuple[Spot, ...]


class Matrix(Part, frozen=True, kw_only=True):
    """Rows and columns of signs; a cell is a sign of `words` or "" where nothing was asked."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    legend: str = ""


class Compared(Part, frozen=True, kw_only=True):
    """Two texts, line by line: what is the same (" "), only in the first ("-") and only in the second ("+")."""

    first: str
    second: str
    lines: tuple[tuple[str, str], ...]


Picture = Bars | Stacked | Strip | Matrix | Compared
Block = Heading | Paragraph | Bullet | Code | Measurements | Changes | Action | Picture


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A title under a sign, and the blocks under it."""

    sign: str
    tone: str
    status: str
    title: str
    blocks: tuple[Block, ...] = ()
