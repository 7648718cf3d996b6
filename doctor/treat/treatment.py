"""A treatment from the examination to the verdict, in pieces that the faces and the ward put together.

before = run(examination(...))        # is it this cause, here and now?
remedy = automatic(cause)[0]          # one that can be carried out
with begun(...) as journal:
    await carry_out(...)              # each step on consent
    judgement = noted(journal, before, run(examination(target_after(...))), ...)
await taken_back(journal)             # where it did not help
"""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import TypeVar

import msgspec

from doctor.check import Check, Thresholds
from doctor.context import Target
from doctor.errors import TreatError, UsageError
from doctor.facts import Launch, ServerProcess
from doctor.model import Cause, Depth, Remedy, Step, TargetReport
from doctor.nearest import nearest
from doctor.playbooks import Playbook
from doctor.plugins import load_checks, load_playbooks
from doctor.runner import RunPlan
from doctor.selection import suited
from doctor.treat.acts import Ended
from doctor.treat.carry_out import Progress, do, undo
from doctor.treat.journal import Journal, course
from doctor.treat.prepare import Scene, act_of
from doctor.treat.verdict import Judgement, judged, needed

S = TypeVar("S", bound=msgspec.Struct)


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """The checks and playbooks of this installation."""

    checks: tuple[Check, ...]
    playbooks: tuple[Playbook, ...]

    def book(self, cause: str) -> Playbook:
        """The playbook of a cause. Raises UsageError with the nearest name."""
        for book in self.playbooks:
            if book.id == cause:
                return book
        raise UsageError(f"there is no cause {cause!r}{nearest(cause, [book.id for book in self.playbooks])}")


def catalogue(plugins: tuple[Path, ...] = ()) -> Catalogue:
    """Everything bundled, and what is in the plug-in folders."""
    return Catalogue(checks=load_checks(plugins), playbooks=load_playbooks(plugins))


def examination(
    target: Target,
    book: Playbook,
    known: Catalogue,
    *,
    plugins: tuple[Path, ...] = (),
    skip: Collection[str] = (),
    depth: Depth = Depth.QUICK,
    thresholds: Thresholds | None = None,
) -> RunPlan:
    """The run that proves the cause or does not, and no more; without the checks in `skip`."""
    here = suited(known.checks, index=False)
    wanted = [check for check in needed(book.id, known.playbooks, here) if check not in skip]
    limits = thresholds or {}
    return RunPlan(targets=(target,), only=tuple(wanted), plugins=plugins, depth=depth, thresholds=limits)


def automatic(cause: Cause) -> tuple[Remedy, ...]:
    """The remedies that can be carried out here, in the playbook's order."""
    return tuple(remedy for remedy in cause.remedies if remedy.automatic)


def scene(report: TargetReport) -> Scene:
    """What acts must know about the server, from the facts of its examination."""
    return Scene(
        url=report.url,
        runtime=report.runtime,
        process=_fact(report, ServerProcess),
        launch=_fact(report, Launch),
    )


def why_nothing(before: TargetReport, book: Playbook, url: str) -> tuple[bool, str]:
    """Why there is nothing to treat, and whether that is because the cause was looked for and is not there."""
    looked = {check.id: check for check in before.checks}
    unseen = [looked[id_] for id_ in book.verify if id_ in looked and looked[id_].status == "skipped"]
    if book.id in before.ruled_out:
        return True, f"{book.id} was looked for on {url} and not found: there is nothing to treat"
    if not book.proved_by:
        says = f"no check can prove {book.id}; llm-doctor explain {book.id} says what to look at and to do"
    elif unseen:
        says = f"{book.id} could not be looked for on {url}: {unseen[0].reason}"
    else:
        says = f"{book.id} was not found on {url}; llm-doctor explain {book.id} shows its cures"
    return False, says


def target_after(target: Target, remedy: Remedy) -> Target:
    """The target as it is verified: a remedy may have made a model of another name."""
    return msgspec.structs.replace(target, model=model_after(remedy) or target.model)


def model_after(remedy: Remedy) -> str:
    """The name under which the model is to be verified; "" when it keeps its own."""
    return next((step.model for step in reversed(remedy.steps) if step.automatic and step.model), "")


async def carry_out(
    journal: Journal,
    remedy: Remedy,
    number: int,
    place: Scene,
    *,
    api_key: str = "",
    progress: Progress = lambda _: None,
) -> None:
    """Do one automatic step of a remedy, counted from 1. Raises TreatError when it fails; it is then undone."""
    step = own_steps(remedy)[number - 1]
    act = act_of(step, number, place, journal, remedy.say)
    await do(journal, number, act, url=place.url, api_key=api_key, progress=progress)


def own_steps(remedy: Remedy) -> tuple[Step, ...]:
    """The steps that the doctor does; the others are left to the user."""
    return tuple(step for step in remedy.steps if step.automatic)


def left_over(remedy: Remedy, done: int) -> tuple[Step, ...]:
    """The steps that are left to the user after the first `done` own ones."""
    own = own_steps(remedy)[:done]
    return tuple(step for step in remedy.steps if step not in own)


def noted(
    journal: Journal, before: TargetReport, after: TargetReport, book: Playbook, checks: tuple[Check, ...]
) -> Judgement:
    """What the same checks say now, written into the journal."""
    judgement = judged(before, after, book, checks)
    journal.write(Ended(outcome=judgement.outcome.value))
    return judgement


async def taken_back(journal: Journal, *, api_key: str = "", each: Callable[[str], None] = lambda _: None) -> None:
    """Undo everything and write down that it is undone. Raises TreatError after trying all of it."""
    await take_back(journal, api_key=api_key, each=each)
    journal.write(Ended(outcome="undone"))


async def take_back(journal: Journal, *, api_key: str = "", each: Callable[[str], None] = lambda _: None) -> int:
    """Undo everything that was begun, last first; how many acts there were. Raises TreatError after trying them all."""
    troubles: list[str] = []
    read = course(journal.folder)
    for number in read.open:
        try:
            await undo(journal, read, number, api_key=api_key)
            each(read.acts[number].say)
        except TreatError as error:
            troubles.append(str(error))
    if troubles:
        raise TreatError("; ".join(troubles))
    return len(read.open)


def _fact(report: TargetReport, kind: type[S]) -> S | None:
    saved = report.facts.get(kind.__name__)
    if not isinstance(saved, dict) or set(saved) == {"skipped"}:
        return None
    return msgspec.convert(saved, kind)
