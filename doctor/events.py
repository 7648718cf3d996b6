"""What happens during a run, in order: the one stream that the command line and the TUI both follow."""

import msgspec

from doctor.context import Target
from doctor.model import Diagnosis, Report, Result, TargetReport


class RunBegan(msgspec.Struct, frozen=True, kw_only=True):
    """Targets are known; `checks` are the ids that will run on each, in order."""

    targets: tuple[Target, ...]
    checks: tuple[str, ...]


class TargetKnown(msgspec.Struct, frozen=True, kw_only=True):
    """A target was identified, or not: then `runtime` is empty and the checks say why."""

    url: str
    runtime: str
    version: str = ""
    model: str = ""


class CheckBegan(msgspec.Struct, frozen=True, kw_only=True):
    """A check started."""

    url: str
    check: str


class CheckEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A check came to a result, and what all results so far mean."""

    url: str
    result: Result
    diagnosis: Diagnosis


class TargetEnded(msgspec.Struct, frozen=True, kw_only=True):
    """All checks of a target are done."""

    report: TargetReport


class RunEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The run is over, complete or not."""

    report: Report


Event = RunBegan | TargetKnown | CheckBegan | CheckEnded | TargetEnded | RunEnded
