"""A field for the reader's own words, in which the number keys still open the screens as long as it is empty."""

from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.events import Key
from textual.widgets import Input

from doctor.tui.messages import PlaceAsked
from doctor.tui.places import PLACES


class WordsInput(Input):
    """No complaint begins with the number of a screen."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "submit", "Ask"),
        Binding("down", "app.focus_next", "To the list", show=False),
    ]

    def on_key(self, event: Key) -> None:
        """Go to the screen instead of taking the digit."""
        place = next((place for place in PLACES if place.key == event.key), None)
        if place is not None and not self.value:
            event.prevent_default()
            event.stop()
            self.post_message(PlaceAsked(place.name))
