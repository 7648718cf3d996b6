"""The vital signs of servers, graphics cards and machine, drawn anew with every look."""

from collections.abc import Sequence

from textual.content import Content
from textual.visual import Visual

from doctor.tui.session import Session
from doctor.tui.sparks import sparkline
from doctor.tui.tones import toned
from doctor.tui.vital_rows import VitalRow, vital_rows
from doctor.tui.widgets.hanging import Hanging
from doctor.tui.widgets.stack import Stack
from doctor.tui.widgets.steady import Steady

NAME_CELLS = 8
LEAST_CELLS, MOST_CELLS = 8, 40


class Vitals(Steady):
    """A row for each sign, and under them what happened while nobody asked."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.session: Session | None = None

    def tell(self, session: Session) -> None:
        """Show the newest look."""
        self.session = session
        self.draw()

    def on_resize(self) -> None:
        """The pictures use the width."""
        self.draw()

    def draw(self) -> None:
        """Put the rows together for the present width."""
        if self.session is None or self.size.width < 1:
            return
        cells = max(LEAST_CELLS, min(MOST_CELLS, self.size.width // 5))
        rows = vital_rows(tuple(self.session.looks), list(self.session.progress.targets.values()))
        stack = Stack([*_drawn(rows, cells), *_happened(self.session)])
        self.show(stack, stack.get_height({}, self.size.width))


def _drawn(rows: Sequence[VitalRow], cells: int) -> list[Visual]:
    if not rows:
        return [toned("The machine is being looked at.", "faint")]
    lines: list[Visual] = []
    for row in rows:
        if row.title:
            lines.append(Content.styled(row.title, "bold"))
        picture = sparkline(row.values, cells, row.top) + " " if row.values else ""
        mark = Content.assemble(toned(row.name.ljust(NAME_CELLS), "faint"), Content.styled(picture, "$primary"))
        lines.append(Hanging(mark, toned(row.says, row.tone)))
    return lines


def _happened(session: Session) -> list[Visual]:
    if not session.happened:
        return []
    lines: list[Visual] = [Content(" "), Content.styled("Happened meanwhile", "bold")]
    return lines + [Hanging(toned(f"{time}  ", "faint"), Content(sentence)) for time, sentence in session.happened]
