"""The outline on the left: causes with their findings under them, and what was looked at besides, as lines.

A pure function of the progress and of which lines are unfolded.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

import msgspec

from doctor.model import Cause, CheckReport, Finding, Result, Severity, State, Status
from doctor.text import one_line
from doctor.tui.progress import Progress, TargetProgress
from doctor.tui.words import (
    RUNNING_SIGN,
    SEVERITY_SIGNS,
    SEVERITY_TONES,
    STATE_SIGNS,
    STATE_TONES,
    STATUS_SIGNS,
    STATUS_TONES,
    address,
    model_name,
    runtime_name,
    slug_words,
)

MAX_MEMBERS = 200  # a hostile server can name 50,000 things; nobody reads more lines than that
CAUSE_CHARACTERS = 160
FINDING_CHARACTERS = 100


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Something of which only the id is known: a check that waits or runs, a cause that is ruled out."""

    id: str
    what: str  # "waiting", "running", "ruled out" or "group"
    note: str = ""


Item = Cause | Finding | Result | CheckReport | Named | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the outline. `folded` is None for a line with nothing under it; no `item` is the target itself."""

    key: str
    level: int
    sign: str
    tone: str
    text: str
    target: TargetProgress | None = None
    item: Item = None
    folded: bool | None = None


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """A line with others under it; `open` says how it starts."""

    row: Row
    members: tuple["Branch | Row", ...]
    open: bool = False


def rows(progress: Progress, flipped: Collection[str]) -> list[Row]:
    """The lines in reading order; `flipped` holds the keys whose fold differs from how they start."""
    if not progress.targets:
        return [_without_target(progress)]
    lines: list[Row] = []
    for target in progress.targets.values():
        lines += _flat([_target(target)], flipped)
    return lines


def _flat(branches: Iterable[Branch | Row], flipped: Collection[str]) -> Iterator[Row]:
    for branch in branches:
        if isinstance(branch, Row):
            yield branch
            continue
        opened = branch.open != (branch.row.key in flipped)
        yield msgspec.structs.replace(branch.row, folded=not opened)
        if opened:
            yield from _flat(branch.members[:MAX_MEMBERS], flipped)
            if len(branch.members) > MAX_MEMBERS:
                yield _more(branch)


def _more(branch: Branch) -> Row:
    left = len(branch.members) - MAX_MEMBERS
    note = "the saved report names them all"
    return Row(
        key=f"{branch.row.key}/more",
        level=branch.row.level + 1,
        sign="",
        tone="faint",
        text=f"and {left} more",
        target=branch.row.target,
        item=Named(id=f"{left} more", what="group", note=note),
    )


def _without_target(progress: Progress) -> Row:
    if progress.trouble:
        return Row(key="run", level=0, sign="?", tone="warn", text="The run could not start")
    if progress.searched:
        return Row(key="run", level=0, sign="?", tone="warn", text="No model server found")
    return Row(key="run", level=0, sign=RUNNING_SIGN, tone="faint", text="Looking for model servers")


def _target(target: TargetProgress) -> Branch:
    busy = not target.ended and target.state in (State.OK, State.UNKNOWN)
    name = model_name(target.model) or address(target.url)
    row = Row(
        key=target.url,
        level=0,
        sign=RUNNING_SIGN if busy else STATE_SIGNS[target.state],
        tone="faint" if busy else STATE_TONES[target.state],
        text=f"{runtime_name(target.runtime)}, {name}" if target.runtime else address(target.url),
        target=target,
    )
    return Branch(row=row, members=tuple(_members(target)), open=True)


def _members(target: TargetProgress) -> Iterator[Branch | Row]:
    diagnosis = target.diagnosis
    confirmed = [cause for cause in diagnosis.causes if cause.verdict == "confirmed"]
    suspected = [cause for cause in diagnosis.causes if cause.verdict != "confirmed"]
    claimed = {symptom for cause in suspected for symptom in cause.because}
    loose = [f for f in diagnosis.findings if f.explained_by is None]
    unexplained = [f for f in loose if f.severity is not Severity.NOTE and f.symptom not in claimed]
    notes = [f for f in loose if f.severity is Severity.NOTE]
    yield from (_cause(target, cause, 1) for cause in confirmed)
    yield from _group(target, "Suspected", "?", "warn", [_cause(target, c, 2) for c in suspected], unfolded=True)
    yield from _findings(target, "Findings without a known cause", unexplained, unfolded=True)
    yield from _findings(target, "Notes", notes, unfolded=not confirmed)
    running = [_named(target, id_, "running") for id_ in target.running]
    yield from _group(target, "Under way", RUNNING_SIGN, "faint", running, unfolded=True)
    waiting = [_named(target, id_, "waiting") for id_ in target.waiting]
    yield from _group(target, "Waiting", RUNNING_SIGN, "faint", waiting)
    missed = target.with_status(Status.SKIPPED, Status.CRASHED)
    yield from _group(target, "Not evaluated", "–", "faint", [_check(target, result) for result in missed])
    passed = [_check(target, result) for result in target.with_status(Status.PASSED)]
    yield from _group(target, "Passed", "✓", "good", passed)
    out = [_named(target, id_, "ruled out") for id_ in diagnosis.ruled_out]
    yield from _group(target, "Ruled out", "✓", "good", out)


def _group(
    target: TargetProgress,
    title: str,
    sign: str,
    tone: str,
    members: Sequence[Branch | Row],
    *,
    unfolded: bool = False,
) -> Iterator[Branch]:
    """A heading with its members, or nothing when there is none."""
    if members:
        item = Named(id=title, what="group")
        text = f"{title} ({len(members)})"
        row = Row(key=f"{target.url} {title}", level=1, sign=sign, tone=tone, text=text, target=target, item=item)
        yield Branch(row=row, members=tuple(members), open=unfolded)


def _findings(target: TargetProgress, title: str, found: Sequence[Finding], *, unfolded: bool) -> Iterator[Branch]:
    worst = max((finding.severity for finding in found), key=list(Severity).index, default=Severity.NOTE)
    members = [_finding(target, title, number, finding, 2) for number, finding in enumerate(found)]
    sign, tone = SEVERITY_SIGNS[worst], SEVERITY_TONES[worst]
    yield from _group(target, title, sign, tone, members, unfolded=unfolded)


def cause_row(target: TargetProgress, cause: Cause, level: int = 1) -> Row:
    """The line of a cause."""
    return Row(
        key=f"{target.url} cause {cause.id}",
        level=level,
        sign="?" if cause.verdict != "confirmed" else SEVERITY_SIGNS[cause.severity],
        tone=SEVERITY_TONES[cause.severity],
        text=one_line(cause.title, CAUSE_CHARACTERS),
        target=target,
        item=cause,
    )


def _cause(target: TargetProgress, cause: Cause, level: int) -> Branch | Row:
    suspected = cause.verdict != "confirmed"
    row = cause_row(target, cause, level)
    found = findings_of(target, cause)
    members = tuple(_finding(target, cause.id, number, finding, level + 1) for number, finding in enumerate(found))
    return Branch(row=row, members=members, open=not suspected) if members else row


def findings_of(target: TargetProgress, cause: Cause) -> list[Finding]:
    """The findings that prove the cause, then those that it explains."""
    all_found = target.diagnosis.findings
    because = [finding for finding in all_found if finding.symptom in cause.because]
    return because + [
        finding
        for finding in all_found
        if finding.symptom not in cause.because
        and (finding.explained_by == cause.id or finding.symptom in cause.explains)
    ]


def _finding(target: TargetProgress, under: str, number: int, finding: Finding, level: int) -> Row:
    text = slug_words(finding.symptom) if under not in ("Notes", "Findings without a known cause") else finding.summary
    return Row(
        key=f"{target.url} {under} {number} {finding.symptom}",
        level=level,
        sign=SEVERITY_SIGNS[finding.severity],
        tone=SEVERITY_TONES[finding.severity],
        text=one_line(text, FINDING_CHARACTERS),
        target=target,
        item=finding,
    )


def _check(target: TargetProgress, result: Result | CheckReport) -> Row:
    return Row(
        key=f"{target.url} check {result.id}",
        level=2,
        sign=STATUS_SIGNS[result.status],
        tone=STATUS_TONES[result.status],
        text=slug_words(result.id),
        target=target,
        item=result,
    )


def _named(target: TargetProgress, id_: str, what: str) -> Row:
    done = what == "ruled out"
    return Row(
        key=f"{target.url} {what} {id_}",
        level=2,
        sign="✓" if done else RUNNING_SIGN,
        tone="good" if done else "faint",
        text=slug_words(id_),
        target=target,
        item=Named(id=id_, what=what),
    )
