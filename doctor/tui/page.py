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


class Action(Part, frozen=True, kw_only=True):
    """Something to copy: `heading` says what to do with `text`, `undo` how to take it back.

    `typed` is false for a text that is read and done by hand, not typed as it stands.
    """

    heading: str
    text: str
    typed: bool = True
    undo: str = ""


Block = Heading | Paragraph | Bullet | Code | Measurements | Action


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A title under a sign, and the blocks under it."""

    sign: str
    tone: str
    status: str
    title: str
    blocks: tuple[Block, ...] = ()
