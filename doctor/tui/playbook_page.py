"""One remedy of a cause in full: what it does and risks, its steps with their undo, and how to see that it worked."""

from doctor.model import Cause, Remedy
from doctor.text import one_line, plain
from doctor.tui.cause_page import afterwards
from doctor.tui.library import Library
from doctor.tui.page import Block, Heading, Page, Paragraph
from doctor.tui.progress import TargetProgress
from doctor.tui.prose import blocks
from doctor.tui.steps import action
from doctor.tui.words import RISKS, count


def remedy_line(remedy: Remedy) -> tuple[str, str]:
    """What to do, and its risk in words."""
    return plain(remedy.say), RISKS.get(remedy.risk, one_line(remedy.risk, 60))


def remedy_page(cause: Cause, number: int, target: TargetProgress, library: Library, note: str = "") -> Page:
    """The remedy with this number; a cause without one says what its page says. `note`: who can carry it out."""
    if number >= len(cause.remedies):
        return _without(cause, target, library)
    remedy = cause.remedies[number]
    says, risk = remedy_line(remedy)
    found: list[Block] = []
    facts = " ".join(part for part in (plain(remedy.effect), f"Risk: {risk}." if risk else "", note) if part)
    if facts:  # in one piece: what there is to do should be seen without scrolling
        found.append(Paragraph(text=facts))
    found.append(Heading(text=count(len(remedy.steps), "step")))
    found += [action(step, target.url) for step in remedy.steps]
    found += afterwards(cause, target, library)
    return Page(sign="", tone="", status="", title=says, blocks=tuple(found))


def _without(cause: Cause, target: TargetProgress, library: Library) -> Page:
    says = "No remedy for this runtime and operating system is in the catalogue."
    book = library.playbooks.get(cause.id)
    found: list[Block] = [Paragraph(text=says), *afterwards(cause, target, library)]
    if book and book.body:
        found += [Heading(text="Why it happens"), *blocks(book.body)]
    return Page(sign="", tone="", status="", title="What to do", blocks=tuple(found))
