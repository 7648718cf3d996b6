"""Text behind a mark: lines after the first start below the text, not below the mark."""

from textual.content import Content
from textual.css.styles import RulesMap
from textual.strip import Strip
from textual.style import Style
from textual.visual import RenderOptions, Visual


class Hanging(Visual):
    """A mark of fixed width and the text to its right, both plain content without markup."""

    def __init__(self, mark: Content, text: Content) -> None:
        self.mark = mark
        self.text = text

    def _text_width(self, width: int) -> int:
        return max(1, width - self.mark.cell_length)

    def render_strips(self, width: int, height: int | None, style: Style, options: RenderOptions) -> list[Strip]:
        """The mark beside the first line of the text, blanks beside the others."""
        mark_width = self.mark.cell_length
        first = self.mark.render_strips(mark_width, 1, style, options)
        blank = Strip.blank(mark_width, style.rich_style)
        lines = self.text.render_strips(self._text_width(width), None, style, options)
        strips = [Strip.join([*(first if number == 0 else [blank]), line]) for number, line in enumerate(lines)]
        return strips if height is None else strips[:height]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """Cells that the text needs on one line."""
        return self.mark.cell_length + self.text.get_optimal_width(rules, container_width)

    def get_height(self, rules: RulesMap, width: int) -> int:
        """Lines that the text needs at this width."""
        return self.text.get_height(rules, self._text_width(width))
