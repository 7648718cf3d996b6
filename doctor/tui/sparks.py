"""Numbers as small pictures made of characters: a row of bars for a course, a bar for a share."""

from collections.abc import Sequence

LEVELS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], cells: int, top: float = 0.0) -> str:
    """The last `cells` values as bars up to `top` (0: the largest of them); a gap where nothing is known."""
    shown = list(values)[-cells:] if cells > 0 else []
    known = [value for value in shown if value is not None]
    most = top or max(known, default=0.0)
    bars = "".join(" " if value is None else LEVELS[_level(value, most)] for value in shown)
    return bars.rjust(cells)


def _level(value: float, most: float) -> int:
    if most <= 0:
        return 0
    return max(0, min(len(LEVELS) - 1, round(value / most * (len(LEVELS) - 1))))


def filled(share: float, cells: int, full: str = "█", empty: str = "░") -> str:
    """A bar of which `share` (0 to 1) is full; what is there at all has a cell at least."""
    whole = max(0, min(cells, round(share * cells)))
    whole = max(whole, 1) if share > 0 else whole
    return full * whole + empty * (cells - whole)
