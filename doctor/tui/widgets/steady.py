"""Text that changes often and seldom its height."""

from textual.visual import VisualType
from textual.widgets import Static


class Steady(Static):
    """Lays the screen out anew only when its number of lines changes: that costs as much as drawing it."""

    lines = 0

    def show(self, content: VisualType, lines: int) -> None:
        """Change to a content of so many lines."""
        self.update(content, layout=lines != self.lines)
        self.lines = lines
