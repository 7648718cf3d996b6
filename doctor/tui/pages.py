"""The page of each kind of line in the outline."""

from doctor.model import Cause, CheckReport, Finding, Result, Status
from doctor.text import one_line, plain
from doctor.tui.cause_page import cause_page
from doctor.tui.library import Library
from doctor.tui.outline import Named, Row
from doctor.tui.overview import overview, without_target
from doctor.tui.page import Block, Bullet, Heading, Measurements, Page, Paragraph
from doctor.tui.pictures import pictures
from doctor.tui.progress import Progress, TargetProgress
from doctor.tui.prose import blocks
from doctor.tui.words import (
    SEVERITY_SIGNS,
    SEVERITY_TONES,
    STATUS_SIGNS,
    STATUS_TONES,
    count,
    duration,
    slug_words,
)

OUTCOMES = {
    Status.PASSED: "passed",
    Status.FAILED: "found something",
    Status.SKIPPED: "not evaluated",
    Status.CRASHED: "the check itself broke",
}
GROUPS = {
    "Findings without a known cause": "Something is not right here, and no catalogued cause explains it.",
    "Suspected": "What was seen speaks for these causes, but the measurement that would prove them could not be made.",
    "Notes": "Unusual, but not wrong: a note never changes the state.",
    "Under way": "These checks are running now.",
    "Waiting": "Checks that make the model generate run one after the other: two at once spoil each other's timings.",
    "Not evaluated": "What could not be measured is neither healthy nor ill. Each line says why.",
    "Passed": "Measured and found in order.",
    "Ruled out": "The check that would have proved these causes looked and did not see them.",
}


def page_of(row: Row, progress: Progress, library: Library) -> Page:
    """What to show for this line."""
    if row.target is None:
        return without_target(progress)
    match row.item:
        case None:
            return overview(row.target, progress)
        case Cause():
            return cause_page(row.item, row.target, library)
        case Finding():
            return _finding_page(row.item, row.target, library)
        case Result() | CheckReport():
            return _check_page(row.item, row.target, library)
        case Named():
            return _named_page(row, row.item, row.target, library)


def _finding_page(finding: Finding, target: TargetProgress, library: Library) -> Page:
    found: list[Block] = [Paragraph(text=plain(finding.summary))]
    titles = {cause.id: cause.title for cause in target.diagnosis.causes}
    if finding.explained_by:
        found.append(Paragraph(text=f"Comes from: {one_line(titles.get(finding.explained_by, finding.explained_by))}"))
    check = library.raised_by.get(finding.symptom, "")
    found += pictures([check], target.facts)
    found += [Heading(text="Measured"), Measurements(evidence=finding.evidence)]
    if check:
        found += [Heading(text="How it was measured"), *_explanation(check, library)]
    return Page(
        sign=SEVERITY_SIGNS[finding.severity],
        tone=SEVERITY_TONES[finding.severity],
        status=f"{finding.severity.value} · {one_line(finding.subject, 80)}",
        title=plain(library.symptom_titles.get(finding.symptom, "")) or slug_words(finding.symptom),
        blocks=tuple(found),
    )


def _check_page(result: Result | CheckReport, target: TargetProgress, library: Library) -> Page:
    check = library.checks.get(result.id)
    found: list[Block] = []
    if result.reason:
        found.append(Paragraph(text=_sentence(result.reason)))
    found += pictures([result.id], target.facts)
    if result.evidence:
        found += [Heading(text="Measured"), Measurements(evidence=result.evidence)]
    found += _explanation(result.id, library)
    spent = f"{duration(result.seconds)}, {count(result.requests, 'request')}"
    found.append(Paragraph(text=f"Check {result.id}, {spent}.", tone="faint"))
    return Page(
        sign=STATUS_SIGNS[result.status],
        tone=STATUS_TONES[result.status],
        status=OUTCOMES[result.status],
        title=plain(check.title) if check else slug_words(result.id),
        blocks=tuple(found),
    )


def _explanation(check_id: str, library: Library) -> list[Block]:
    """The paragraphs of the check's docstring under its title."""
    check = library.checks.get(check_id)
    return blocks(check.doc.partition("\n")[2]) if check else []


def _named_page(row: Row, named: Named, target: TargetProgress, library: Library) -> Page:
    if named.what == "ruled out":
        book = library.playbooks.get(named.id)
        title = plain(book.title) if book else slug_words(named.id)
        body = blocks(book.body) if book else []
        return Page(sign="✓", tone="good", status="ruled out", title=f"Not the cause: {title}", blocks=tuple(body))
    if named.what == "group":
        return _group_page(row, named, target)
    check = library.checks.get(named.id)
    title = plain(check.title) if check else slug_words(named.id)
    status = "under way" if named.what == "running" else "waits for its turn"
    return Page(sign=row.sign, tone=row.tone, status=status, title=title, blocks=tuple(_explanation(named.id, library)))


def _group_page(row: Row, named: Named, target: TargetProgress) -> Page:
    says = named.note or GROUPS.get(named.id, "")
    found: list[Block] = [Paragraph(text=says)] if says else []
    if named.id == "Not evaluated":
        missed = target.with_status(Status.SKIPPED, Status.CRASHED)
        found += [Bullet(mark="–", text=f"{result.id}: {plain(result.reason)}") for result in missed]
    return Page(sign=row.sign, tone=row.tone, status="", title=row.text, blocks=tuple(found))


def _sentence(text: str) -> str:
    """A reason, which is a clause, as a sentence."""
    clean = plain(text)
    return clean[:1].upper() + clean[1:] + ("" if clean.endswith((".", "…")) else ".")
