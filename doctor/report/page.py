"""A page of text being laid out: wrapped to a width in terminal cells, coloured or not, limited to ASCII or not."""

import io
from collections.abc import Iterable

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from doctor.report import Look
from doctor.report.signs import MIN_TEXT_WIDTH, said


class Page:
    """Lines in order. Everything added goes through `plain`; styles are the only markup."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._file = io.StringIO()
        self._console = Console(
            file=self._file,
            width=look.width,
            force_terminal=look.colour,
            color_system="standard" if look.colour else None,
            no_color=False,
            markup=False,
            highlight=False,
            emoji=False,
            legacy_windows=False,
        )

    def add(self, text: str = "", style: str = "", *, indent: int = 0, marker: str = "", tail: str = "") -> None:
        """One paragraph. `marker` stands before its first line, the others align behind it; `tail` is dimmed."""
        marker = said(marker, self.look)
        body = Text(said(text, self.look), style=style)
        if tail:
            body.append(("  " if text else "") + said(tail, self.look), style="dim")
        start = indent + cell_len(marker)
        width = max(MIN_TEXT_WIDTH, self.look.width - start)
        for number, line in enumerate(body.wrap(self._console, width, overflow="fold")):
            line.rstrip()
            before = " " * indent + marker if number == 0 else " " * start
            self._put(Text(before if line else before.rstrip()) + line)

    def exact(self, lines: Iterable[str], *, indent: int = 0) -> None:
        """Lines to be copied: never wrapped, even if they are wider than the page."""
        for line in lines:
            self._put(Text(" " * indent) + Text(said(line, self.look), style="bold"))

    def gap(self) -> None:
        """An empty line."""
        self._put(Text())

    def _put(self, line: Text) -> None:
        self._console.print(line, soft_wrap=True)

    def text(self) -> str:
        """All lines so far."""
        return self._file.getvalue()
