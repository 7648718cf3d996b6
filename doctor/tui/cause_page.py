"""The page of a cause: what proves it, what to do about it step by step, and why it happens."""

from doctor.model import Cause, Remedy
from doctor.text import one_line, plain
from doctor.tui.library import Library
from doctor.tui.outline import findings_of
from doctor.tui.page import Block, Bullet, Heading, Measurements, Page, Paragraph
from doctor.tui.pictures import pictures
from doctor.tui.progress import TargetProgress
from doctor.tui.prose import blocks
from doctor.tui.steps import action, command
from doctor.tui.words import RISKS, SEVERITY_SIGNS, SEVERITY_TONES

MAX_FINDINGS = 20


def cause_page(cause: Cause, target: TargetProgress, library: Library) -> Page:
    """Findings first, then the remedies, then the evidence and the catalogue's page."""
    confirmed = cause.verdict == "confirmed"
    found: list[Block] = [*_seen(cause, target)]
    if cause.remedies:
        found.append(Heading(text="What to do" if confirmed else "What to do if it is this"))
        for number, remedy in enumerate(cause.remedies, 1):
            found += remedy_blocks(number if len(cause.remedies) > 1 else 0, remedy, target.url)
    found += afterwards(cause, target, library)
    found += pictures(_checks(cause, library), target.facts)
    if cause.evidence:
        found += [Heading(text="Evidence"), Measurements(evidence=cause.evidence)]
    book = library.playbooks.get(cause.id)
    if book and book.body:
        found += [Heading(text="Why it happens"), *blocks(book.body)]
    return Page(
        sign=SEVERITY_SIGNS[cause.severity] if confirmed else "?",
        tone=SEVERITY_TONES[cause.severity],
        status=f"{cause.severity.value} · {cause.verdict} cause",
        title=plain(cause.title),
        blocks=tuple(found),
    )


def _seen(cause: Cause, target: TargetProgress) -> list[Block]:
    findings = findings_of(target, cause)
    return [
        Bullet(
            mark=SEVERITY_SIGNS[finding.severity], text=plain(finding.summary), tone=SEVERITY_TONES[finding.severity]
        )
        for finding in findings[:MAX_FINDINGS]
    ]


def remedy_blocks(number: int, remedy: Remedy, url: str) -> list[Block]:
    """What to do, what it does, what it risks, and the steps."""
    say = plain(remedy.say)
    found: list[Block] = [Bullet(mark=f"{number}.", text=say) if number else Paragraph(text=say)]
    facts = [text for text in (plain(remedy.effect), _risk(remedy)) if text]
    if facts:
        found.append(Paragraph(text=" ".join(facts), tone="faint", indent=3 if number else 0))
    return found + [action(step, url) for step in remedy.steps]


def _risk(remedy: Remedy) -> str:
    says = RISKS.get(remedy.risk, one_line(remedy.risk, 60))
    return f"Risk: {says}." if says else ""


def _checks(cause: Cause, library: Library) -> list[str]:
    """The checks that raised what proves the cause and what it explains."""
    return [library.raised_by[symptom] for symptom in (*cause.because, *cause.explains) if symptom in library.raised_by]


def afterwards(cause: Cause, target: TargetProgress, library: Library) -> list[Block]:
    """How to see that it worked: the checks that found it, alone."""
    book = library.playbooks.get(cause.id)
    if book is None or not book.verify:
        return []
    only = [word for check in book.verify for word in ("--only", check)]
    again = command(*target.again, *only, heading="run, or press r here")
    return [Heading(text="How to see that it worked"), again]
