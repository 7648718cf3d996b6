"""The one screen: headline, outline, detail, keys."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.screen import Screen
from textual.widgets import Footer, Static

from doctor.model import Depth
from doctor.tui.library import Library
from doctor.tui.messages import DetailAsked, FoldFlipped, RowChosen
from doctor.tui.outline import rows
from doctor.tui.pages import page_of
from doctor.tui.progress import Progress
from doctor.tui.widgets.detail import Detail
from doctor.tui.widgets.headline import Headline
from doctor.tui.widgets.outline_list import OutlineList

NARROW_COLUMNS = 60  # below it outline and detail take turns
LEAST_COLUMNS, LEAST_LINES = 30, 10
TICK_S = 1.0


class MainScreen(Screen[None]):
    """Draws the progress of a run; the app tells it when there is something new."""

    HORIZONTAL_BREAKPOINTS = [
        (0, "-slim"),
        (LEAST_COLUMNS, "-narrow"),
        (NARROW_COLUMNS, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (LEAST_LINES, "-high")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "Back"),
        Binding("r", "app.again", "Re-run"),
        Binding("x", "app.stop", "Stop"),
        Binding("s", "app.save", "Save"),
        Binding("c", "app.copy_step", "Copy"),
        Binding("d", "app.deeper", "Depth"),
        Binding("t", "app.light_or_dark", "Theme", show=False),
        Binding("question_mark", "app.help", "Help", key_display="?"),
        Binding("q", "app.leave", "Quit"),
    ]

    def __init__(self, progress: Progress, library: Library, next_depth: Depth) -> None:
        super().__init__()
        self.progress = progress
        self.library = library
        self.next_depth = next_depth
        self.flipped: set[str] = set()
        self.drawing = False
        self.offers_stop = True

    def compose(self) -> ComposeResult:
        """Top to bottom, left to right."""
        yield Static("", id="too-small", markup=False)
        yield Headline()
        with Horizontal(id="body"):
            yield OutlineList()
            yield Detail()
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        """Draw once, then whenever there is something new; the seconds go on by themselves."""
        self.query_one(OutlineList).focus()
        self.draw()
        self.set_interval(TICK_S, self.tick)

    def on_resize(self) -> None:
        """Fewer columns, tighter keys, and one side instead of two."""
        width, height = self.app.size
        self.query_one(Footer).compact = self.narrow
        says = f"This window is {width}x{height}: too small. {LEAST_COLUMNS}x{LEAST_LINES} is the least. q quits."
        self.query_one("#too-small", Static).update(says)
        self.set_class(self.narrow and self.query_one(Detail).has_focus_within, "-reading")
        self.refresh_bindings()

    @property
    def narrow(self) -> bool:
        """Whether outline and detail take turns."""
        return self.app.size.width < NARROW_COLUMNS

    @property
    def turns(self) -> str:
        """Which side is to be seen: "both", or on a narrow screen "outline" or "detail"."""
        if not self.narrow:
            return "both"
        return "detail" if self.has_class("-reading") else "outline"

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Going back is offered where there is something to go back from."""
        return not self.query_one(OutlineList).has_focus if action == "back" else True

    def tick(self) -> None:
        """Move the clock of a run that is under way."""
        if not self.progress.over:
            self.query_one(Headline).tell(self.progress, self.next_depth)

    def changed(self) -> None:
        """Draw soon; many events that come at once are drawn once."""
        if not self.drawing:
            self.drawing = True
            self.call_later(self.draw)

    def draw(self) -> None:
        """Bring headline and outline up to date; the outline says which page to show."""
        self.drawing = False
        self.query_one(Headline).tell(self.progress, self.next_depth)
        outline = self.query_one(OutlineList)
        outline.tell(rows(self.progress, self.flipped))
        if outline.row is not None:
            self.post_message(RowChosen(outline.row))
        if self.offers_stop == self.progress.over:
            self.offers_stop = not self.progress.over
            self.refresh_bindings()

    @on(RowChosen)
    async def show_page(self, message: RowChosen) -> None:
        """The page of the highlighted line."""
        await self.query_one(Detail).tell(page_of(message.row, self.progress, self.library))

    @on(FoldFlipped)
    def flip(self, message: FoldFlipped) -> None:
        """Fold or unfold one line."""
        self.flipped ^= {message.key}
        self.draw()

    @on(DetailAsked)
    def read(self) -> None:
        """Go into the detail; on a narrow screen it takes the place of the outline."""
        self.set_class(self.narrow, "-reading")
        self.query_one(Detail).focus()

    def action_back(self) -> None:
        """Go back to the outline."""
        self.remove_class("-reading")
        self.query_one(OutlineList).focus()
