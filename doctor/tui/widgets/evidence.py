"""The evidence table: what was measured, its value, and where the value comes from."""

from collections.abc import Iterable

from rich.table import Table
from rich.text import Text
from textual.widgets import Static

from doctor.model import Evidence
from doctor.text import one_line
from doctor.tui.words import measured, where_from

MAX_ROWS = 60  # the saved report has them all


class EvidenceTable(Static):
    """Three columns that wrap; all cells are text, never markup."""

    def __init__(self, evidence: Iterable[Evidence]) -> None:
        super().__init__(table(evidence), markup=False)


def table(evidence: Iterable[Evidence]) -> Table:
    """The rows in the order of the evidence."""
    grid = Table.grid(padding=(0, 2, 0, 0), expand=True)
    for ratio in (5, 4, 5):
        grid.add_column(ratio=ratio, overflow="fold")
    items = tuple(evidence)
    for item in items[:MAX_ROWS]:
        label = Text(one_line(item.label, 80))
        grid.add_row(label, Text(measured(item), style="bold"), Text(where_from(item), style="dim"))
    if len(items) > MAX_ROWS:
        grid.add_row(Text(f"and {len(items) - MAX_ROWS} more", style="dim"))
    return grid
