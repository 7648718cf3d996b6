"""The page under the words: what to type, what it sounds like, and the questions with their reasons and answers."""

from doctor.ask.answer import Asked, Likely
from doctor.ask.questions import Question
from doctor.model import Severity, Status
from doctor.playbooks import Playbook
from doctor.report.ask import VERDICTS, cost, outcome, why
from doctor.text import one_line, plain
from doctor.tui.library import Library, in_words
from doctor.tui.page import Block, Bullet, Heading, Page, Paragraph
from doctor.tui.prose import blocks
from doctor.tui.questioning import Inquiry
from doctor.tui.words import RUNNING_SIGN, SEVERITY_SIGNS, SEVERITY_TONES, STATUS_SIGNS, STATUS_TONES, count

SIGNS = {
    "suspected": ("?", "warn"),
    "ruled out": ("✓", "good"),
    "not evaluated": ("–", "faint"),
    "not asked": ("·", "faint"),
    "no check can prove it": ("–", "faint"),
}
EXAMPLES = (
    "it forgets what I said at the beginning",
    "tool calls show up as text",
    "the first answer takes a minute, then it is fast",
)
HOW = "What did you do, what did you expect, and what came instead? One sentence is enough."
WHERE = "English, German, French, Spanish, Chinese or Japanese. The words stay on this machine."
REASONS = 2  # of the reader's own words that are repeated; more make the list unreadable
NOTHING_KNOWN = "None of the causes that are known here is spoken of in these words."


def candidate_line(one: Likely, severity: Severity, *, asked: bool) -> tuple[str, str, str, str]:
    """Sign, tone, title, and what is said behind it: the reader's own words before the asking, the verdict after it."""
    if one.verdict == "confirmed":
        sign, tone = SEVERITY_SIGNS[severity], SEVERITY_TONES[severity]
    else:
        sign, tone = SIGNS[one.verdict]
    words = ", ".join(f'"{one_line(word, 40)}"' for word in one.because[:REASONS])
    behind = f"you say {words}" if words else ""
    if asked or one.verdict == "no check can prove it":
        behind = VERDICTS[one.verdict][0].lower().partition(";")[0]
    return sign, tone, one_line(one.title, 160), behind


def ask_page(at: Inquiry, server: str, waits: str, library: Library) -> Page:
    """`server` is who would be asked, "" for nobody; `waits` says what the asking waits for."""
    if at.trouble:
        return _said("?", "warn", "These words cannot be used", at.trouble)
    if not at.complaint.strip():
        return _empty()
    if not at.likely:
        return _said("?", "warn", NOTHING_KNOWN, f"{HOW} Or look at everything: r on the first screen runs all checks.")
    if not at.running and not at.asked:
        return _proposal(at, server, waits)
    return _interview(at, server, library)


def _said(sign: str, tone: str, title: str, text: str) -> Page:
    return Page(sign=sign, tone=tone, status="unknown", title=title, blocks=(Paragraph(text=plain(text)),))


def _empty() -> Page:
    found: list[Block] = [Paragraph(text=HOW), Paragraph(text=WHERE, tone="faint"), Heading(text="For example")]
    found += [Bullet(mark="·", text=text) for text in EXAMPLES]
    return Page(sign="", tone="", status="", title="Say in your own words what goes wrong", blocks=tuple(found))


def _proposal(at: Inquiry, server: str, waits: str) -> Page:
    title = f"It sounds like {'this' if len(at.likely) == 1 else f'one of these {len(at.likely)}'}"
    if at.reason:
        says = plain(at.reason)
    elif waits:
        says = waits
    elif server:
        says = f"Enter runs only the checks that tell them apart, on {server}, the cheapest first."
    else:
        says = "No model server is known here, so nothing can be looked for. Start one, then r on the first screen."
    more = "Down goes to the list; enter there tells how a cause shows itself and what to do about it."
    return Page(
        sign="", tone="", status="", title=title, blocks=(Paragraph(text=says), Paragraph(text=more, tone="faint"))
    )


def _interview(at: Inquiry, server: str, library: Library) -> Page:
    numbers = {one.id: number for number, one in enumerate(at.likely, 1)}
    found: list[Block] = []
    for number, one in enumerate(at.asked, 1):
        found += _question(number, one, numbers, library)
    if at.pending is not None:
        found += _pending(len(at.asked) + 1, at.pending, numbers, library)
    proved = [one for one in at.likely if one.verdict == "confirmed"]
    if at.running:
        sign, tone, status, title = RUNNING_SIGN, "faint", f"asking {server}", "The cheapest question first"
    elif proved:
        sign, tone, status, title = "✓", "good", "found", f"It is number {numbers[proved[0].id]}: enter opens its cure"
    else:
        sign, tone, status, title = "–", "faint", f"after {count(len(at.asked), 'check')}", plain(at.reason)
    if proved and at.reason:
        found.append(Paragraph(text=plain(at.reason), tone="faint"))
    return Page(sign=sign, tone=tone, status=status, title=title, blocks=tuple(found))


def _question(number: int, one: Asked, numbers: dict[str, int], library: Library) -> list[Block]:
    head = f"{number}. {one_line(one.title, 160)}"
    sign = STATUS_SIGNS[one.status]
    answer = one_line(in_words(outcome(one), library), 300)
    return [
        Bullet(mark=sign, tone=STATUS_TONES[one.status], text=head),
        Paragraph(text=f"why: {_why(one, numbers, library)} ({cost(one.depth, one.requests)})", tone="faint", indent=2),
        Paragraph(text=f"answer: {answer}", tone="" if one.status is not Status.PASSED else "faint", indent=2),
    ]


def _pending(number: int, one: Question, numbers: dict[str, int], library: Library) -> list[Block]:
    spent = cost(one.check.depth.value, one.cost.requests)
    return [
        Bullet(mark=RUNNING_SIGN, tone="faint", text=f"{number}. {one_line(one.check.title, 160)}"),
        Paragraph(text=f"why: {_why(one, numbers, library)} ({spent})", tone="faint", indent=2),
    ]


def _why(one: Asked | Question, numbers: dict[str, int], library: Library) -> str:
    return one_line(in_words(why(one, numbers), library), 300)


def candidate_page(one: Likely, book: Playbook | None) -> Page:
    """A candidate that was not found: how it shows itself, from its playbook."""
    sign, tone = SIGNS.get(one.verdict, ("", ""))
    body = blocks(book.body) if book and book.body else [Paragraph(text="Its page is not to be had.")]
    return Page(sign=sign, tone=tone, status=VERDICTS[one.verdict][0], title=plain(one.title), blocks=tuple(body))
