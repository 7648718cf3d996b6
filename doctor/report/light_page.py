"""A page for one short answer: the methods of `Page`, without the layout library.

Importing that takes longer than reading a model's header and computing the answer. Widths are terminal cells: two for
East Asian wide characters, none for combining ones.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from doctor.report import Look
from doctor.report.signs import MIN_TEXT_WIDTH, said

# SGR codes of the styles in use (ECMA-48).
CODES = {"bold": "1", "dim": "2", "red": "31", "green": "32", "yellow": "33"}
PIECES = re.compile(r"\S+|\s+")


class LightPage:
    """Lines in order. Everything added goes through `plain`; styles are the only markup."""

    def __init__(self, look: Look) -> None:
        self.look = look
        self._lines: list[str] = []

    def add(self, text: str = "", style: str = "", *, indent: int = 0, marker: str = "", tail: str = "") -> None:
        """One paragraph. `marker` stands before its first line, the others align behind it; `tail` is dimmed."""
        marker = said(marker, self.look)
        text, tail = (said(part, self.look).replace("\n", " ") for part in (text, tail))
        start = indent + cells(marker)
        behind = len(text)
        whole = f"{text}{'  ' if text and tail else ''}{tail}"
        for number, (at, line) in enumerate(wrapped(whole, max(MIN_TEXT_WIDTH, self.look.width - start))):
            before = " " * indent + marker if number == 0 else " " * start
            own = max(0, min(len(line), behind - at))
            shown = self._styled(line[:own], style) + self._styled(line[own:], "dim" if tail else style)
            self._lines.append((before + shown).rstrip())

    def exact(self, lines: Iterable[str], *, indent: int = 0) -> None:
        """Lines to be copied: never wrapped, even if they are wider than the page."""
        for line in lines:
            self._lines.append(" " * indent + self._styled(said(line, self.look).replace("\n", " "), "bold"))

    def gap(self) -> None:
        """An empty line."""
        self._lines.append("")

    def text(self) -> str:
        """All lines so far."""
        return "".join(line + "\n" for line in self._lines)

    def _styled(self, text: str, style: str) -> str:
        code = CODES.get(style)
        return f"\x1b[{code}m{text}\x1b[0m" if code and text and self.look.colour else text


def cells(text: str) -> int:
    """Terminal cells that the text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def wrapped(text: str, width: int) -> Iterator[tuple[int, str]]:
    """Lines of at most so many cells, each with its place in the text; words are cut only when one is too wide."""
    start = end = used = 0
    for piece in PIECES.finditer(text):
        size = cells(piece[0])
        if used + size <= width:
            used, end = used + size, piece.end()
            continue
        if piece[0].isspace():
            yield start, text[start:end].rstrip()
            start, end, used = piece.end(), piece.end(), 0
            continue
        if used:
            yield start, text[start:end].rstrip()
            start, end, used = piece.start(), piece.start(), 0
        for sign in piece[0]:
            if used + cells(sign) > width:
                yield start, text[start:end]
                start, used = end, 0
            used, end = used + cells(sign), end + 1
    yield start, text[start:end].rstrip()
