"""The line of screens under the headline; the present one is marked by brackets, not by colour alone."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from doctor.tui.messages import PlaceAsked
from doctor.tui.places import PLACES, Place

ROOMY = 60  # with fewer columns the titles stand close together
TIGHT = 40  # what the titles alone need, each behind a blank


class PlaceLine(Horizontal):
    """One link for each screen."""

    def __init__(self, here: str) -> None:
        super().__init__()
        self.here = here

    def compose(self) -> ComposeResult:
        """Left to right, as the keys."""
        for place in PLACES:
            yield PlaceLink(place, here=place.name == self.here)


class PlaceLink(Static):
    """A title that a click opens; the keys do the same."""

    def __init__(self, place: Place, *, here: bool) -> None:
        super().__init__(markup=False, classes="here" if here else "")
        self.place = place
        self.here = here

    def on_mount(self) -> None:
        """Draw for the width."""
        self.draw()

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.draw()

    def draw(self) -> None:
        """Key and title; where six titles have no room, only the present one and the keys of the others."""
        width = self.app.size.width
        title = Content.styled(self.place.title, "bold" if self.here else "")
        key = Content.styled(self.place.key, "$foreground 65%")
        sides = ("[", "]") if self.here else (" ", " ")
        if width >= ROOMY:
            self.update(Content.assemble(sides[0], key, " ", title, sides[1], " "))
        elif width >= TIGHT:
            self.update(Content.assemble(sides[0], title, "]" if self.here else ""))
        else:
            self.update(Content.assemble(sides[0], title if self.here else key, sides[1]))

    def on_click(self) -> None:
        """Go there."""
        self.post_message(PlaceAsked(self.place.name))
