"""Visuals one below the other, each wrapped to the width that there is."""

from collections.abc import Sequence

from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


class Stack(Visual):
    """Top to bottom."""

    def __init__(self, parts: Sequence[Visual]) -> None:
        self.parts = tuple(parts)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """All lines of all parts."""
        strips = [strip for part in self.parts for strip in part.render_strips(width, None, style, options)]
        return strips if height is None else strips[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Cells that the widest part needs on one line."""
        return max((part.get_optimal_width(rules, container_width) for part in self.parts), default=0)

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Lines that all parts need at this width."""
        return sum(part.get_height(rules, width) for part in self.parts)
