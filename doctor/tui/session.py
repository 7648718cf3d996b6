"""What all screens look at: the run, what is known of the machine, and where things are kept."""

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import msgspec

from doctor.check import Thresholds
from doctor.known import KEPT_LOOKS, Known
from doctor.model import Depth, Report
from doctor.text import one_line
from doctor.tui.library import Library
from doctor.tui.progress import Progress
from doctor.vitals import Look

TREATMENT, QUESTIONS = "a treatment", "the asking"  # what may go on besides a run
MOST_HAPPENED, SENTENCE_CHARACTERS = 50, 300


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """What belongs to the command line and is handed over by it."""

    history: Path | None = None
    read_only: bool = False  # seen by a browser: nothing is written and nothing is cured
    deadline_s: float = 180.0
    plugins: tuple[Path, ...] = ()
    thresholds: Thresholds = {}


class Clocks(NamedTuple):
    """`seconds` for durations, `day` for the time of day as text."""

    seconds: Callable[[], float] = time.monotonic
    day: Callable[[], str] = lambda: time.strftime("%H:%M:%S")


class Session:
    """One sitting."""

    def __init__(self, depth: Depth, clocks: Clocks, places: Places) -> None:
        self.clock, self.wall = clocks
        self.places = places
        self.depth = depth
        self.progress = Progress(depth, self.clock)
        self.library = Library()
        self.report: Report | None = None  # the last finished run, kept up to date by live mode
        self.looks: deque[Look] = deque(maxlen=KEPT_LOOKS)
        self.happened: deque[tuple[str, str]] = deque(maxlen=MOST_HAPPENED)  # time of day, sentence
        self.occupied = ""  # what goes on that neither a run nor another screen may disturb
        self.known_seconds: dict[str, float] = {}  # check -> seconds that it took in an earlier run

    def begin(self) -> None:
        """A run begins."""
        self.progress = Progress(self.depth, self.clock)

    @property
    def under_way(self) -> bool:
        """Whether something is broken off when the face is left now."""
        return bool(self.occupied) or not self.progress.over

    def finished(self, report: Report) -> None:
        """A run ended with this report; what its checks took tells how long the next will be."""
        self.report = report
        for target in report.targets:
            for check in target.checks:
                self.known_seconds[check.id] = check.seconds

    def note(self, sentence: str) -> None:
        """Something happened while nobody asked."""
        self.happened.appendleft((self.wall(), one_line(sentence, SENTENCE_CHARACTERS)))

    def adopt(self, known: Known) -> None:
        """Live mode looked again."""
        self.report = known.report
        self.progress.adopt(known.report)

    @property
    def seconds_left(self) -> tuple[float, bool] | None:
        """Seconds until the run is over, and whether that is only the most it can be; None when nothing runs."""
        progress = self.progress
        if progress.over or not progress.targets:
            return None
        if not self.known_seconds:
            return max(0.0, self.places.deadline_s - progress.seconds), True
        left = 0.0
        for target in progress.targets.values():
            left += sum(self.known_seconds.get(check, 0.0) for check in target.waiting)
            left += max(
                (
                    self.known_seconds.get(check, 0.0) - (self.clock() - began)
                    for check, began in target.running.items()
                ),
                default=0.0,
            )
        return max(0.0, left), False
