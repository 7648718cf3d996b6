"""A setting with a few values, chosen with the arrow keys or a click."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from doctor.tui.sparks import filled
from doctor.tui.tones import toned

LABEL_CELLS = 10
VALUE_CELLS = 12
MOST_CELLS = 40


class Slider(Widget, can_focus=True):
    """Label, track and value on one line; tells when its value changes."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,minus", "step(-1)", "Less"),
        Binding("right,l,plus", "step(1)", "More"),
        Binding("home", "ends(0)", "Least", show=False),
        Binding("end", "ends(-1)", "Most", show=False),
    ]

    @dataclass
    class Changed(Message):
        """Another value was chosen."""

        slider: "Slider"

    def __init__(self, label: str, values: Sequence[str], chosen: str, id: str) -> None:  # noqa: A002 - as textual calls it
        super().__init__(id=id)
        self.label = label
        self.values = list(values)
        self.at = self.values.index(chosen) if chosen in self.values else 0

    @property
    def value(self) -> str:
        """The chosen value, as it was given."""
        return self.values[self.at]

    def offer(self, values: Sequence[str], chosen: str) -> None:
        """Other values to choose from; nothing is told."""
        self.values = list(values)
        self.at = self.values.index(chosen) if chosen in self.values else 0
        self.refresh()

    def render(self) -> Content:
        """The line for the present width."""
        cells = self._cells
        share = self.at / (len(self.values) - 1) if len(self.values) > 1 else 1.0
        track = filled(share, cells, "━", "─")
        knob = min(cells - 1, max(0, round(share * (cells - 1))))
        mark = "▶ " if self.has_focus else "  "
        return Content.assemble(
            Content.styled(mark, "bold $accent"),
            Content.styled(self.label.ljust(LABEL_CELLS), "bold" if self.has_focus else ""),
            toned(track[:knob], ""),
            Content.styled("●", "bold $primary"),
            toned(track[knob + 1 :], "faint"),
            Content.styled(f" {self.value}", "bold"),
        )

    @property
    def _cells(self) -> int:
        return max(6, min(MOST_CELLS, self.size.width - LABEL_CELLS - VALUE_CELLS - 3))

    def action_step(self, by: int) -> None:
        """The next value up or down."""
        self._go(self.at + by)

    def action_ends(self, at: int) -> None:
        """The first or the last value."""
        self._go(at % len(self.values))

    def on_click(self, event: events.Click) -> None:
        """The value under the pointer."""
        self.focus()
        inside = event.get_content_offset(self)
        place = ((inside.x if inside else 0) - LABEL_CELLS - 2) / max(1, self._cells - 1)
        if 0 <= place <= 1:
            self._go(round(place * (len(self.values) - 1)))

    def _go(self, at: int) -> None:
        at = max(0, min(len(self.values) - 1, at))
        if at != self.at:
            self.at = at
            self.refresh()
            self.post_message(self.Changed(self))
