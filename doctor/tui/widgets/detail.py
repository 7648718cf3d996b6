"""The right side: the page of the highlighted line."""

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


class Detail(VerticalScroll, can_focus=True):
    """A page, scrolled with the arrow keys; Tab goes from one step to the next."""

    def __init__(self) -> None:
        super().__init__()
        self.page: Page | None = None

    async def tell(self, page: Page) -> None:
        """Show this page; the reader's place is kept while the same page grows."""
        if page == self.page:
            return
        same = self.page is not None and self.page.title == page.title
        had_focus = self.has_focus_within
        top = self.scroll_offset.y if same else 0
        self.page = page
        await self.recompose()
        if had_focus and not self.has_focus_within:
            self.focus(scroll_visible=False)
        self.scroll_to(y=top, animate=False)

    def compose(self) -> ComposeResult:
        """One widget a block."""
        if self.page is None:
            return
        if self.page.status:
            yield Static(toned(f"{self.page.sign} {self.page.status}", self.page.tone), markup=False)
        yield Static(Content.styled(self.page.title, "bold"), classes="title", markup=False)
        above: Block | None = None
        for block in self.page.blocks:
            widget = drawn(block)
            apart = isinstance(above, Paragraph) and isinstance(block, Paragraph) and not block.indent
            widget.set_class(apart, "apart")
            yield widget
            above = block

    @property
    def to_copy(self) -> str:
        """The text of the focused step, otherwise of the first one."""
        boxes = list(self.query(ActionBox))
        focused = next((box for box in boxes if box.has_focus), boxes[0] if boxes else None)
        return focused.action.text if focused else ""


def drawn(block: Block) -> Widget:
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
