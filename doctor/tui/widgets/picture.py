"""A picture of a measurement, drawn with characters for the width that there is; words say what colours say."""

from textual.content import Content
from textual.visual import Visual
from textual.widgets import Static

from doctor.text import mib, one_line
from doctor.tui.page import Bars, Compared, Matrix, Picture, Stacked, Strip
from doctor.tui.sparks import filled
from doctor.tui.tones import STYLES, toned
from doctor.tui.widgets.hanging import Hanging
from doctor.tui.widgets.stack import Stack

MOST_CELLS = 60
MOST_WORDS = 300  # characters of a sentence in a picture
LABEL_CELLS = 11
SLICE_SIGNS = "█▓▒░▚▞"
SPILL_SIGN = "┃"
TONES = {"✓": "good", "✗": "bad", "·": "faint", "-": "bad", "+": "warn", " ": ""}


class PictureBox(Static):
    """Draws its picture anew when its width changes."""

    def __init__(self, picture: Picture) -> None:
        super().__init__(markup=False, classes="picture")
        self.picture = picture

    def on_resize(self) -> None:
        """Draw for this width."""
        if self.size.width > 0:
            self.update(Stack(lines_of(self.picture, self.size.width)))


def lines_of(picture: Picture, width: int) -> list[Visual]:
    """The picture in this many columns."""
    match picture:
        case Bars():
            return _bars(picture, width)
        case Stacked():
            return stacked(picture, width)
        case Strip():
            return _strip(picture, width)
        case Matrix():
            return _matrix(picture, width)
        case Compared():
            return _compared(picture)


def _bars(picture: Bars, width: int) -> list[Visual]:
    most = max((bar.value for bar in picture.bars), default=0.0) or 1.0
    cells = max(6, min(MOST_CELLS, width - LABEL_CELLS - 28))
    lines: list[Visual] = []
    for bar in picture.bars:
        drawn = filled(bar.value / most, cells, "━", " ")
        mark = Content.assemble(
            toned(one_line(bar.label, LABEL_CELLS).ljust(LABEL_CELLS), "faint"), toned(drawn, bar.tone), " "
        )
        lines.append(Hanging(mark, toned(one_line(bar.says, MOST_WORDS), bar.tone)))
    return [*lines, toned(one_line(picture.caption, MOST_WORDS), "faint")] if picture.caption else lines


def stacked(picture: Stacked, width: int) -> list[Visual]:
    """The stacked bar. A line marks the end of the room: what is behind it spills."""
    needed = sum(part.bytes for part in picture.slices)
    room = picture.room_bytes
    whole = max(needed, room or 0.0, 1.0)
    cells = max(10, min(MOST_CELLS, width - 2))
    bar = _slices(picture, whole, cells)
    over = room is not None and needed > room
    if room is not None:
        edge = min(cells, round(room / whole * cells))
        bar = Content.assemble(bar[:edge], toned(SPILL_SIGN, "bad" if over else "faint"), bar[edge:])
    said = "   ".join(
        f"{SLICE_SIGNS[number % len(SLICE_SIGNS)]} {one_line(part.label, 30)} {mib(part.bytes)}"
        for number, part in enumerate(picture.slices)
        if part.bytes
    )
    return [bar, Hanging(Content(""), Content(said)), _room(picture, needed)]


def _slices(picture: Stacked, whole: float, cells: int) -> Content:
    parts: list[tuple[str, str]] = []
    at, drawn = 0.0, 0
    for number, part in enumerate(picture.slices):
        at += part.bytes
        length = max(1 if part.bytes else 0, round(at / whole * cells) - drawn)
        length = min(length, cells - drawn)
        style = "$primary" if number % 2 == 0 else "$secondary"
        parts.append((SLICE_SIGNS[number % len(SLICE_SIGNS)] * length, style))
        drawn += length
    parts.append(("·" * (cells - drawn), STYLES["faint"]))
    return Content.assemble(*parts)


def _room(picture: Stacked, needed: float) -> Content:
    room, where = picture.room_bytes, one_line(picture.where, 60)
    if room is None:
        return toned(f"{mib(needed)} in all; how much {where} there is is not known", "faint")
    if needed > room:
        return toned(
            f"✗ {mib(needed)} in all, {mib(needed - room)} more than the {mib(room)} of {where}: it spills", "bad"
        )
    return toned(f"✓ {mib(needed)} of {mib(room)} {where}, {mib(room - needed)} left", "good")


def _strip(picture: Strip, width: int) -> list[Visual]:
    cells = max(12, min(MOST_CELLS, width - 10))
    line = [("─", STYLES["faint"])] * cells
    for spot in picture.spots:
        place = max(0, min(cells - 1, round(spot.depth * (cells - 1))))
        line[place] = ("✓", STYLES["good"]) if spot.found else ("✗", STYLES["bad"])
    found = sum(spot.found for spot in picture.spots)
    says = f"{one_line(picture.label, 60)}: {found} of {len(picture.spots)} found"
    return [Content.assemble(toned("head ", "faint"), *line, toned(" end", "faint")), toned(says, "faint")]


def _matrix(picture: Matrix, width: int) -> list[Visual]:
    columns = [max(len(column), 3) + 2 for column in picture.columns]
    label = max(12, min(40, width - sum(columns)))
    narrow = sum(columns) + label > width
    titles = [column[:3] if narrow else column for column in picture.columns]
    columns = [len(title) + (1 if narrow else 2) for title in titles]
    label = max(10, min(40, width - sum(columns)))
    head = "".join(title.center(cells) for title, cells in zip(titles, columns, strict=True))
    lines: list[Visual] = [toned(" " * label + head, "faint")]
    for name, signs in picture.rows:
        cells = [toned(sign.center(size), TONES.get(sign, "")) for sign, size in zip(signs, columns, strict=False)]
        lines.append(Content.assemble(Content(one_line(name, label)[:label].ljust(label)), *cells))
    return [*lines, toned(one_line(picture.legend, MOST_WORDS), "faint")] if picture.legend else lines


def _compared(picture: Compared) -> list[Visual]:
    lines: list[Visual] = [
        toned(f"- {one_line(picture.first, 80)}", "bad"),
        toned(f"+ {one_line(picture.second, 80)}", "warn"),
    ]
    return lines + [
        Hanging(toned(f"{mark} ", TONES[mark]), toned(one_line(text, MOST_WORDS), TONES[mark]))
        for mark, text in picture.lines
    ]
