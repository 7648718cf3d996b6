"""What live mode tells, and how often: light enough to be imported before the first screen is painted."""

from collections.abc import Callable, Mapping

import msgspec

from doctor.model import Report, Result
from doctor.vitals import Look

LOOK_S = 2.0  # between two looks: measured, a look and its drawing take about 10 ms of one core
EXAMINE_S = 120.0  # between two passive runs; one costs a quarter of a second of one core
SOON_S = 15.0  # the least between two of them when something changed
KEPT_LOOKS = 150  # five minutes

Results = Mapping[str, Mapping[str, Result]]  # by address, then by check


class Pace(msgspec.Struct, frozen=True, kw_only=True):
    """How often: seconds between looks, between passive runs, and the least between two of them after a change."""

    look_s: float = LOOK_S
    examine_s: float = EXAMINE_S
    soon_s: float = SOON_S


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What is known so far: the report, and the results behind it with their findings."""

    report: Report
    results: Results


class Listener:
    """What somebody who follows is told; each is called on the loop of `Live`."""

    def __init__(
        self, look: Callable[[Look], None], change: Callable[[str], None], known: Callable[[Known], None]
    ) -> None:
        self.look, self.change, self.known = look, change, known


def newly_confirmed(before: Report, after: Report) -> list[str]:
    """Titles of the causes that are confirmed now and were not before."""
    were = {
        (target.url, cause.id) for target in before.targets for cause in target.causes if cause.verdict == "confirmed"
    }
    return [
        cause.title
        for target in after.targets
        for cause in target.causes
        if cause.verdict == "confirmed" and (target.url, cause.id) not in were
    ]
