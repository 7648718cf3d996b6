"""Curing a patient: the first remedy that can be carried out is applied to the running engine or façade and verified.

It is what `llm-doctor treat CAUSE --apply --yes` does, in this process, followed by `llm-doctor undo`.
"""

import tempfile
from collections.abc import Collection
from pathlib import Path

import msgspec

from doctor.context import Target
from doctor.errors import TreatError
from doctor.model import Depth, Remedy, TargetReport
from doctor.runner import RunPlan, run
from doctor.treat.journal import Journal, begun
from doctor.treat.treatment import (
    Catalogue,
    automatic,
    carry_out,
    examination,
    model_after,
    own_steps,
    scene,
    take_back,
)
from doctor.treat.verdict import Outcome, confirmed, judged


class Cure(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one cause: the outcome and why, the remedy that was applied, and whether it could be undone."""

    cause: str
    outcome: str
    because: str = ""
    remedy: str = ""
    undone: bool = False

    @property
    def fixed(self) -> bool:
        """Whether verification says so, and the way back worked."""
        return self.outcome == Outcome.FIXED and self.undone


BY_HAND = "by hand"


async def cured(
    target: Target, cause: str, known: Catalogue, skip: Collection[str] = (), depth: Depth = Depth.QUICK
) -> Cure:
    """Treat one cause of a patient that answers at the target: each remedy in turn, taken back, until one cures it."""
    book = known.book(cause)
    before = await _examined(examination(target, book, known, skip=skip, depth=depth))
    found = confirmed(before, cause)
    if found is None:
        return Cure(cause=cause, outcome="not confirmed", because="its own checks alone do not confirm it")
    first = Cure(cause=cause, outcome=BY_HAND)
    for number in range(len(automatic(found))):
        tried = await _tried(target, cause, automatic(found)[number], before, known, skip, depth)
        if tried.fixed:
            return tried
        first = tried if first.outcome == BY_HAND else first
        # The way back may have started the server again: its process is another one now.
        before = await _examined(examination(target, book, known, skip=skip, depth=depth))
        found = confirmed(before, cause)
        if found is None or len(automatic(found)) <= number + 1:
            break
    return first


async def _tried(
    target: Target,
    cause: str,
    remedy: Remedy,
    before: TargetReport,
    known: Catalogue,
    skip: Collection[str],
    depth: Depth,
) -> Cure:
    """One remedy applied, verified and taken back."""
    book = known.book(cause)
    with (
        tempfile.TemporaryDirectory(prefix="llm-doctor-ward-") as place,
        begun(cause, remedy.say, target.url, Path(place)) as journal,
    ):
        try:
            for number in range(1, len(own_steps(remedy)) + 1):
                await carry_out(journal, remedy, number, scene(before), api_key=target.api_key)
        except TreatError as error:
            return Cure(cause=cause, outcome="failed", because=str(error), remedy=remedy.say)
        after_target = msgspec.structs.replace(target, model=model_after(remedy) or target.model)
        after = await _examined(examination(after_target, book, known, skip=skip, depth=depth))
        seen = judged(before, after, book, known.checks)
        undone, why = await _undone(journal, target)
    return Cure(cause=cause, outcome=seen.outcome.value, because=why or seen.because, remedy=remedy.say, undone=undone)


async def _undone(journal: Journal, target: Target) -> tuple[bool, str]:
    try:
        await take_back(journal, api_key=target.api_key)
    except TreatError as error:
        return False, str(error)
    return True, ""


async def _examined(plan: RunPlan) -> TargetReport:
    report = await run(plan, lambda _: None)
    return report.targets[0]
