"""Garbage collected in pieces too small to be felt, and all of it while nobody is there.

Modules, checks, pages and screens stay to the end. Going through all of them again and again in search of garbage held
the loop up for 0.1 to 0.3 s at a time.
"""

import gc
import time
from collections.abc import Callable

# A collection takes about a microsecond an object: 700 new ones start one of the youngest, each 10th of those takes the
# next older ones along, each 3rd of those all that came since the last: 21 000 objects, some 20 ms.
THRESHOLDS = (700, 10, 3)
USUAL = gc.get_threshold()
ABSENT_S = 120.0  # without a key or a mouse: nobody sees a pause
BETWEEN_S = 900.0


def collect_in_pieces() -> None:
    """Leave to itself what a full collection has found alive, so that the next goes only through what came since."""
    if _leave not in gc.callbacks:
        gc.set_threshold(*THRESHOLDS)
        gc.callbacks.append(_leave)
        gc.freeze()


def collect_as_usual() -> None:
    """The opposite, for whoever goes on in this process."""
    if _leave in gc.callbacks:
        gc.callbacks.remove(_leave)
        gc.set_threshold(*USUAL)
        gc.unfreeze()


def _leave(phase: str, info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()


class Absence:
    """Knows when somebody was last there; `seconds` is a clock."""

    def __init__(self, seconds: Callable[[], float] = time.monotonic) -> None:
        self.seconds = seconds
        self.touched_s = self.collected_s = seconds()

    def touched(self) -> None:
        """A key or the mouse."""
        self.touched_s = self.seconds()

    def use(self) -> bool:
        """Collect everything if nobody is there and the last time is long ago; whether it was done."""
        now_s = self.seconds()
        if now_s - self.touched_s < ABSENT_S or now_s - self.collected_s < BETWEEN_S:
            return False
        gc.unfreeze()
        gc.collect()
        self.collected_s = self.seconds()
        return True
