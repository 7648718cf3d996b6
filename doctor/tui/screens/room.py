"""What the screens have in common: headline, line of screens, keys, and what to do with little room."""

from collections.abc import Iterable
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Footer, Static

from doctor.tui.places import PLACES
from doctor.tui.session import Session
from doctor.tui.widgets.headline import Headline
from doctor.tui.widgets.place_line import PlaceLine

NARROW_COLUMNS = 60  # below it two sides take turns
ROOMY_COLUMNS = 110  # from it on three things fit beside each other
LEAST_COLUMNS, LEAST_LINES = 30, 10
TALL_LINES = 35
TICK_S = 1.0


# Every room names them behind its own keys: the footer shows keys in this order.
LAST_KEYS: list[BindingType] = [
    Binding("question_mark", "app.help", "Help", key_display="?"),
    Binding("q", "app.leave", "Quit"),
]


class Room(Screen[None]):
    """A screen of the session. A room says what is in it and how it is drawn; everything else is here."""

    PLACE = ""
    HORIZONTAL_BREAKPOINTS = [
        (0, "-slim"),
        (LEAST_COLUMNS, "-narrow"),
        (NARROW_COLUMNS, "-wide"),
        (ROOMY_COLUMNS, "-roomy"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-flat"), (LEAST_LINES, "-high"), (TALL_LINES, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(place.key, f"app.place('{place.name}')", place.title, show=False) for place in PLACES),
        Binding("t", "app.light_or_dark", "Theme", show=False),
    ]

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session
        self.drawing = False
        self.complete = False  # all widgets are there

    def compose(self) -> ComposeResult:
        """Top to bottom, in the classes of its size, which given later would have everything laid out twice."""
        width, height = self.app.size
        self.add_class(_widest(self.HORIZONTAL_BREAKPOINTS, width), _widest(self.VERTICAL_BREAKPOINTS, height))
        yield Static("", id="too-small", markup=False)
        yield Headline(everything=self.PLACE == "overview")
        yield PlaceLine(self.PLACE)
        yield from self.body()
        yield Footer(show_command_palette=False)

    def body(self) -> Iterable[Widget]:
        """What is between the headline and the keys."""
        raise NotImplementedError

    def draw(self) -> None:
        """Bring the body up to date."""

    def on_mount(self) -> None:
        """Draw once; the seconds of a run go on by themselves."""
        self.complete = True
        self.redraw()
        self.set_interval(TICK_S, self.tick)

    def on_screen_resume(self) -> None:
        """Something may have happened while another screen was to be seen."""
        self.changed()

    def on_resize(self) -> None:
        """Fewer columns, tighter keys."""
        width, height = self.app.size
        footer = self.query_one(Footer)
        footer.compact, footer.show_command_palette = self.narrow, not self.narrow
        says = f"This window is {width}x{height}: too small. {LEAST_COLUMNS}x{LEAST_LINES} is the least. q quits."
        self.query_one("#too-small", Static).update(says)
        self.refresh_bindings()

    @property
    def narrow(self) -> bool:
        """Whether two sides take turns."""
        return self.app.size.width < NARROW_COLUMNS

    def tick(self) -> None:
        """Move the clock of a run that is under way."""
        if self.is_current and not self.session.progress.over:
            self.query_one(Headline).tell(self.session)

    def changed(self) -> None:
        """Draw soon; many events that come at once are drawn once."""
        if not self.drawing and self.complete:
            self.drawing = True
            self.call_later(self.redraw)

    def redraw(self) -> None:
        """Headline and body."""
        self.drawing = False
        if self.query(Headline):  # not while the app ends
            self.query_one(Headline).tell(self.session)
            self.draw()


def _widest(breakpoints: list[tuple[int, str]], cells: int) -> str:
    return max((least, name) for least, name in breakpoints if least <= cells)[1]
