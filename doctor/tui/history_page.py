"""The pages of the history: one report in short, and what changed from one to another."""

from doctor.compare import Change, compare
from doctor.model import Report
from doctor.text import one_line, plain
from doctor.tui.page import Block, Bullet, Heading, Page, Paragraph
from doctor.tui.words import (
    SEVERITY_SIGNS,
    SEVERITY_TONES,
    STATE_SIGNS,
    STATE_TONES,
    address,
    count,
    duration,
    model_name,
    runtime_name,
)

MAX_LINES = 40


def report_page(report: Report) -> Page:
    """State, servers and causes of one report."""
    found: list[Block] = []
    for target in report.targets:
        name = f"{runtime_name(target.runtime)} {one_line(target.version, 30)}".strip()
        found.append(Heading(text=f"{name} at {address(target.url)}"))
        if target.model:
            found.append(Paragraph(text=model_name(target.model)))
        found += [
            Bullet(
                mark=SEVERITY_SIGNS[cause.severity] if cause.verdict == "confirmed" else "?",
                tone=SEVERITY_TONES[cause.severity],
                text=plain(cause.title) + ("" if cause.verdict == "confirmed" else " (suspected)"),
            )
            for cause in target.causes
        ]
        if not target.causes:
            found.append(Paragraph(text=f"{STATE_SIGNS[target.state]} {target.state.value}, no cause found"))
    seen = report.coverage
    told = f"{count(seen.total, 'check')}: {seen.passed} passed, {seen.failed} failed, {duration(report.seconds)}"
    found.append(Paragraph(text=f"Depth {report.depth.value}, {told}.", tone="faint"))
    return Page(
        sign=STATE_SIGNS[report.state],
        tone=STATE_TONES[report.state],
        status=report.state.value,
        title=f"Run of {when(report.started)}",
        blocks=tuple(found),
    )


def comparison_page(before: Report, after: Report) -> Page:
    """What changed, what moved, what came and went, and what explains it."""
    found: list[Block] = []
    for one in compare(before, after):
        was, now = one.state
        found.append(Heading(text=address(one.url)))
        found.append(Paragraph(text=f"{was} → {now}" if was != now else f"still {now}"))
        if one.explains:
            found.append(Paragraph(text=f"Because: {plain(one.explains)}."))
        found += [Bullet(mark="+", tone="bad", text=f"new: {plain(item)}") for item in one.came[:MAX_LINES]]
        found += [Bullet(mark="-", tone="good", text=f"gone: {plain(item)}") for item in one.went[:MAX_LINES]]
        found += [_change("changed", change) for change in one.changes[:MAX_LINES]]
        found += [_change("measured", change) for change in one.figures[:MAX_LINES]]
        if not (one.came or one.went or one.changes or one.figures):
            found.append(Paragraph(text="Nothing that matters changed."))
    if not found:
        found.append(Paragraph(text="The two reports have no server in common."))
    title = f"From {when(before.started)} to {when(after.started)}"
    return Page(sign="", tone="", status="", title=title, blocks=tuple(found))


def _change(kind: str, change: Change) -> Bullet:
    mark, tone = {True: ("!", "warn"), False: ("✓", "good"), None: ("·", "faint")}[change.worse]
    moved = f"{one_line(change.before, 100)} → {one_line(change.after, 100)}"
    word = {True: ", worse", False: ", better", None: ""}[change.worse]
    return Bullet(mark=mark, tone=tone, text=f"{kind}: {one_line(change.what, 60)} {moved}{word}")


def when(started: str) -> str:
    """`2026-01-31 14:25` of a report's beginning."""
    return one_line(started, 40)[:16].replace("T", " ")
