"""The table of a treatment: what was measured before and after it; a value that changed has an arrow."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.widgets import Static


class ChangeTable(Static):
    """Three columns that wrap; all cells are text, never markup."""

    def __init__(self, rows: Iterable[tuple[str, str, str]]) -> None:
        super().__init__(table(rows), markup=False)


def table(rows: Iterable[tuple[str, str, str]]) -> Table:
    """A head and the rows in their order."""
    grid = Table.grid(padding=(0, 3, 0, 0))
    for _ in range(3):
        grid.add_column(overflow="fold")
    grid.add_row("", Text("before", style="dim"), Text("  after", style="dim"))
    for label, before, after in rows:
        arrow, style = ("→ ", "bold") if before != after else ("= ", "")
        grid.add_row(Text(label), Text(before), Text(arrow + after, style=style))
    return grid
