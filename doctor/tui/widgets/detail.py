"""The right side: the page of the highlighted line."""

from collections.abc import Sequence
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from doctor.tui.page import (
    Action,
    Block,
    Bullet,
    Changes,
    Code,
    Heading,
    Measurements,
    Page,
    Paragraph,
)
from doctor.tui.tones import toned
from doctor.tui.widgets.action_box import ActionBox
from doctor.tui.widgets.changes import ChangeTable
from doctor.tui.widgets.evidence import EvidenceTable
from doctor.tui.widgets.hanging import Hanging
from doctor.tui.widgets.picture import PictureBox


class Top(NamedTuple):
    """The line above the title."""

    text: str
    tone: str


class Title(NamedTuple):
    """What the page is about."""

    text: str


class Placed(NamedTuple):
    """A block, and whether a blank line parts it from the one above."""

    block: Block
    apart: bool


Part = Top | Title | Placed


class Detail(VerticalScroll, can_focus=True):
    """A page, scrolled with the arrow keys; Tab goes from one step to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.page: Page | None = None
        self.shown: list[Part] = []
        self.drawn: list[Widget] = []  # a widget for each part that is shown

    async def tell(self, page: Page) -> None:
        """Show this page; the reader's place is kept while the same page grows."""
        if page == self.page:
            return
        same = self.page is not None and self.page.title == page.title
        had_focus = self.has_focus_within
        top = self.scroll_offset.y if same else 0
        self.page = page
        await self._renew(page)
        if had_focus and not self.has_focus_within:
            self.focus(scroll_visible=False)
        self.scroll_to(y=top, animate=False)

    def compose(self) -> ComposeResult:
        """One widget a part."""
        self.shown = parts(self.page) if self.page else []
        self.drawn = [drawn(part) for part in self.shown]
        yield from self.drawn

    async def _renew(self, page: Page) -> None:
        """Draw the parts anew that have changed: a page that grows by a line is not laid out from its top."""
        if not self.is_attached:
            return
        async with self.batch():
            wanted = parts(page)
            above = alike(self.shown, wanted)
            below = alike(self.shown[above:][::-1], wanted[above:][::-1])
            end = len(self.drawn) - below
            fresh = [drawn(part) for part in wanted[above : len(wanted) - below]]
            await self.remove_children(self.drawn[above:end])
            if self.is_attached:  # not while the app ends
                await self.mount(*fresh, before=self.drawn[end] if below else None)
            self.shown, self.drawn = wanted, [*self.drawn[:above], *fresh, *self.drawn[end:]]

    @property
    def to_copy(self) -> str:
        """The text of the focused step, otherwise of the first one."""
        boxes = list(self.query(ActionBox))
        focused = next((box for box in boxes if box.has_focus), boxes[0] if boxes else None)
        return focused.action.text if focused else ""


def parts(page: Page) -> list[Part]:
    """What a page consists of, from its top."""
    top: list[Part] = [Top(f"{page.sign} {page.status}", page.tone)] if page.status else []
    blocks = [
        Placed(block, _apart(above, block)) for above, block in zip((None, *page.blocks), page.blocks, strict=False)
    ]
    return [*top, Title(page.title), *blocks]


def _apart(above: Block | None, block: Block) -> bool:
    return isinstance(above, Paragraph) and isinstance(block, Paragraph) and not block.indent


def alike(one: Sequence[Part], other: Sequence[Part]) -> int:
    """How many parts both begin with."""
    return next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def drawn(part: Part) -> Widget:
    """The widget of one part."""
    if isinstance(part, Top):
        return Static(toned(part.text, part.tone), markup=False)
    if isinstance(part, Title):
        return Static(Content.styled(part.text, "bold"), classes="title", markup=False)
    widget = body(part.block)
    widget.set_class(part.apart, "apart")
    return widget


def body(block: Block) -> Widget:
    """The widget of one block."""
    match block:
        case Heading():
            return Static(Content.styled(block.text, "bold underline"), classes="heading", markup=False)
        case Paragraph():
            text = Hanging(Content(" " * block.indent), toned(block.text, block.tone))
            return Static(text, classes="paragraph", markup=False)
        case Bullet():
            mark = toned(f"{block.mark} ", block.tone)
            return Static(Hanging(mark, Content(block.text)), classes="bullet", markup=False)
        case Code():
            return Static(Content(block.text), classes="code", markup=False)
        case Measurements():
            return EvidenceTable(block.evidence)
        case Changes():
            return ChangeTable(block.rows)
        case Action():
            return ActionBox(block)
        case _:
            return PictureBox(block)
