"""The page of a server as a whole, and the page for when there is none."""

from doctor.model import Cause, Severity, State, Status
from doctor.text import one_line, plain
from doctor.tui.page import Action, Block, Bullet, Heading, Page, Paragraph
from doctor.tui.progress import Progress, TargetProgress
from doctor.tui.retrieval_page import retrieval_blocks
from doctor.tui.words import (
    RUNNING_SIGN,
    SEVERITY_SIGNS,
    SEVERITY_TONES,
    STATE_SIGNS,
    STATE_TONES,
    address,
    count,
    runtime_name,
)

ADVICE = {
    State.OK: "Nothing is wrong as far as it was measured. If something still bothers you, press d to choose a "
    "deeper run and r to start it.",
    State.UNKNOWN: "Too little could be measured to say anything. The lines under Not evaluated say why.",
}
CHOOSE = "Choose a cause on the left: it shows the numbers that prove it and the steps that cure it."
START = (
    "Start your server, for instance with one of these, and press r:",
    ("ollama serve", "llama-server -m MODEL.gguf --port 8080"),
)


def overview(target: TargetProgress, progress: Progress) -> Page:
    """Who the server is, what was found, how much was looked at and what to do next."""
    name = f"{runtime_name(target.runtime)} {one_line(target.version, 30)}".strip()
    found: list[Block] = []
    if target.reason:
        found.append(Paragraph(text=plain(target.reason)))
    found += _causes(target.diagnosis.causes)
    found += _next(target, progress)
    found += retrieval_blocks(target.facts, target.index)
    found += [Heading(text="Server"), *_server(target)]
    found += [Heading(text="Looked at"), Paragraph(text=_coverage(target, progress))]
    running = not target.ended
    return Page(
        sign=RUNNING_SIGN if running else STATE_SIGNS[target.state],
        tone="faint" if running else STATE_TONES[target.state],
        status="being examined" if running else target.state.value,
        title=f"{name} at {address(target.url)}" if target.runtime else address(target.url),
        blocks=tuple(found),
    )


def _causes(causes: tuple[Cause, ...]) -> list[Block]:
    return [
        Bullet(
            mark=SEVERITY_SIGNS[cause.severity] if cause.verdict == "confirmed" else "?",
            text=plain(cause.title) + ("" if cause.verdict == "confirmed" else " (suspected)"),
            tone=SEVERITY_TONES[cause.severity],
        )
        for cause in causes
    ]


def _next(target: TargetProgress, progress: Progress) -> list[Block]:
    if not target.ended and not progress.over:
        return [Paragraph(text="Results appear on the left as they arrive.", tone="faint")]
    if target.diagnosis.causes:
        return [Paragraph(text=CHOOSE)]
    loose = [f for f in target.diagnosis.findings if f.severity is not Severity.NOTE]
    if loose:
        return [Paragraph(text=f"{count(len(loose), 'finding')} without a known cause: choose one on the left.")]
    return [Paragraph(text=ADVICE.get(target.state, CHOOSE))]


def _server(target: TargetProgress) -> list[Block]:
    lines = [f"Address {one_line(target.url, 200)}, known from {one_line(target.origin, 60)}."]
    if target.model:
        lines.append(f"Model {one_line(target.model, 200)}.")
    return [Paragraph(text=" ".join(lines))]


def _coverage(target: TargetProgress, progress: Progress) -> str:
    said = (
        (Status.PASSED, "passed"),
        (Status.FAILED, "found something"),
        (Status.SKIPPED, "could not be evaluated"),
        (Status.CRASHED, "broke"),
    )
    parts = [f"{len(target.with_status(status))} {word}" for status, word in said if target.with_status(status)]
    left = len(target.running) + len(target.waiting)
    if left:
        parts.append(f"{left} to come")
    requests = sum(result.requests for result in target.results.values())
    told = ", ".join(parts) or "nothing yet"
    return f"Checks at depth {progress.depth.value}: {told}. {count(requests, 'request')} sent."


def without_target(progress: Progress) -> Page:
    """What to do when the run could not start, found nothing, or is still looking."""
    if progress.trouble:
        return Page(
            sign="?",
            tone="warn",
            status="unknown",
            title="The run could not start",
            blocks=(Paragraph(text=plain(progress.trouble)), Paragraph(text="Press r to try again.", tone="faint")),
        )
    if not progress.searched:
        text = "The usual ports of this machine and the sockets of known runtimes are looked at."
        return Page(
            sign=RUNNING_SIGN, tone="faint", status="", title="Looking for servers", blocks=(Paragraph(text=text),)
        )
    return _nothing_found(progress)


def _nothing_found(progress: Progress) -> Page:
    reason = plain(progress.report.reason) if progress.report else ""
    say, commands = START
    found: list[Block] = [Paragraph(text=reason[:1].upper() + reason[1:] + ".")] if reason else []
    found += [Heading(text="What to do"), Paragraph(text=say)]
    found += [Action(heading="run", text=command) for command in commands]
    found += [
        Paragraph(text="Or name a server that runs elsewhere:"),
        Action(heading="run", text="llm-doctor --target http://HOST:PORT"),
        Paragraph(text="Or watch a small model that was made ill on purpose:"),
        Action(heading="run", text="llm-doctor demo"),
    ]
    return Page(sign="?", tone="warn", status="unknown", title="No model server was found", blocks=tuple(found))
