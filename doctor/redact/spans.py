"""Places in a text, and views of it: what the text says once an encoding is taken off, and where that stands in it."""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple


class Span(NamedTuple):
    """Characters `start` to `end` hold `value`, a thing of this kind."""

    start: int
    end: int
    kind: str
    value: str


class Text:
    """A text with its lower-case twin of the same length: searching in the twin is far faster than ignoring case."""

    def __init__(self, text: str) -> None:
        self.text = text
        low = text.lower()
        self.low = low if len(low) == len(text) else text.translate(ASCII_LOWER)

    def at(self, words: Iterable[str]) -> Iterator[int]:
        """Where any of these lower-case words begins."""
        for word in words:
            place = self.low.find(word)
            while place >= 0:
                yield place
                place = self.low.find(word, place + len(word))


ASCII_LOWER = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


class View:
    """A decoded text that knows where each of its characters comes from."""

    def __init__(self, text: str, pattern: re.Pattern[str], decode: Callable[[re.Match[str]], str]) -> None:
        pieces: list[str] = []
        self._at: list[int] = [0]  # decoded offsets at which a new piece begins ...
        self._from: list[tuple[int, int, bool]] = []  # ... and where it comes from: start, end, one to one
        at = last = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            for piece, begin, stop, plain in (
                (text[last:start], last, start, True),
                (decode(match), start, end, False),
            ):
                if piece:
                    pieces.append(piece)
                    at += len(piece)
                    self._at.append(at)
                    self._from.append((begin, stop, plain))
            last = end
        pieces.append(text[last:])
        self._from.append((last, len(text), True))
        self.text = "".join(pieces)

    def joins(self, start: int, end: int) -> bool:
        """Whether something was taken away between two offsets of the decoded text."""
        return bisect_right(self._at, start) < bisect_right(self._at, end)

    def back(self, span: Span) -> Span:
        """The same span in the original text."""
        first = bisect_right(self._at, span.start) - 1
        begin, _, plain = self._from[first]
        start = begin + (span.start - self._at[first] if plain else 0)
        last = bisect_right(self._at, max(span.end - 1, span.start)) - 1
        begin, stop, plain = self._from[last]
        end = begin + (span.end - self._at[last]) if plain else stop
        return Span(start, end, span.kind, span.value)


def merged(spans: Iterable[Span], secret: Callable[[str], bool]) -> Iterator[Span]:
    """Spans in order without overlaps: those that share characters become one, a secret if one of them is."""
    current: Span | None = None
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if current is None or span.start >= current.end:
            if current is not None:
                yield current
            current = span
            continue
        best = max(current, span, key=lambda each: (secret(each.kind), each.end - each.start))
        current = Span(current.start, max(current.end, span.end), best.kind, best.value)
    if current is not None:
        yield current
