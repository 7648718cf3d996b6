"""The pages of a treatment: what would be done, and what came of it."""

from collections.abc import Iterable, Mapping

from doctor.model import Cause, Depth, Evidence, Remedy, Step, TargetReport
from doctor.report import Look
from doctor.report.page import Page
from doctor.report.steps import command_lines, deep_words, step_lines, treat_words
from doctor.report.text import RISKS, STYLES, value_text, write_step
from doctor.text import one_line

OUTCOMES: Mapping[str, tuple[str, str]] = {
    "fixed": ("FIXED", "bold green"),
    "better": ("BETTER", "bold yellow"),
    "unchanged": ("UNCHANGED", "bold yellow"),
    "worse": ("WORSE", "bold red"),
    "unknown": ("NOT VERIFIED", "bold blue"),
}
BY_ITSELF, BY_HAND = "the doctor can do it", "for you to do"


def plan_page(target: TargetReport, cause: Cause, shell: str, look: Look) -> str:
    """The cause, what proves it, and every remedy with its risk, its steps and who can carry it out."""
    page = Page(look)
    page.add(cause.title, STYLES[cause.severity], marker=f"{cause.severity.upper()}  ", tail=one_line(target.url, 200))
    for finding in target.findings:
        if finding.symptom in cause.because:
            page.add(finding.summary, marker="- ", indent=2, tail=f"[{finding.symptom}]")
    now: tuple[str, ...] = ()
    for number, remedy in enumerate(cause.remedies, 1):
        page.gap()
        page.add(remedy.say, "bold", marker=f"{number}. ", tail=f"({_traits(remedy)})")
        for step in remedy.steps:
            write_step(page, step, target.url, shell, indent=3, said=now)
            now = now or step.before
        if remedy.effect:
            page.add(remedy.effect, marker="effect: ", indent=3)
    return page.text()


def _traits(remedy: Remedy) -> str:
    risk = RISKS.get(remedy.risk)
    return "; ".join(filter(None, [BY_ITSELF if remedy.automatic else BY_HAND, risk]))


def how_to_apply(cause: Cause, url: str, shell: str, look: Look, depth: Depth = Depth.QUICK) -> str:
    """The command that carries out the first remedy for which that is possible."""
    page = Page(look)
    page.gap()
    if any(remedy.automatic for remedy in cause.remedies):
        page.add("To let the doctor do it step by step, verify it and be able to take it back:")
        page.exact(command_lines(treat_words(cause.id, url, depth), shell), indent=2)
    else:
        page.add("Every remedy of this cause is for you to do. Afterwards this shows whether it helped:")
        only = [word for id_ in cause.verify for word in ("--only", id_)]
        page.exact(
            command_lines(["llm-doctor", "check", "--target", one_line(url, 200), *deep_words(depth), *only], shell),
            indent=2,
        )
    return page.text()


def outcome_page(
    outcome: str, because: str, numbers: Iterable[tuple[str, Evidence | None, Evidence | None]], look: Look
) -> str:
    """The verdict and the values that were measured before and after."""
    word, style = OUTCOMES[outcome]
    page = Page(look)
    page.gap()
    page.add(because, style, marker=f"{word}  ")
    rows = [(one_line(label, 36), _shown(before), _shown(after)) for label, before, after in numbers]
    if rows:
        page.gap()
        wide = [max(len(row[column]) for row in [*rows, ("", "before", "after")]) for column in range(3)]
        page.add(f"{'':<{wide[0]}}  {'before':<{wide[1]}}  after", "dim", indent=2)
    for label, first, second in rows:
        changed = "bold" if first != second else ""
        page.add(f"{label:<{wide[0]}}  {first:<{wide[1]}}  {second}", changed, indent=2)
    return page.text()


def _shown(item: Evidence | None) -> str:
    return "not measured" if item is None else one_line(value_text(item), 18)


def question(step: Step, url: str, shell: str) -> str:
    """What is asked before a step is done."""
    if step.kind == "restart" and step.edit is None:
        return "Stop the server and start it with the new command line?"
    lines = step_lines(step, url, shell)
    first = one_line(lines[0].removesuffix("\\"), 200) if lines else ""
    if step.kind == "restart" and step.edit is not None:
        return f"Write {one_line(step.edit['file'], 200)} and start the unit again?"
    if step.kind == "edit" and step.edit is not None:
        return f"Write {one_line(step.edit['file'], 200)}?"
    if step.kind == "request":
        request = step.request or {}
        return (
            f"Send {request.get('method', 'POST')} {one_line(str(request.get('path')), 100)} to {one_line(url, 200)}?"
        )
    return f"Run {first}?"


def left_page(steps: Iterable[Step], url: str, shell: str, look: Look) -> str:
    """What is left for the user to do; nothing where there is nothing."""
    rest = list(steps)
    if not rest:
        return ""
    page = Page(look)
    page.gap()
    page.add("Left for you to do", "underline")
    for step in rest:
        write_step(page, step, url, shell, indent=2)
    return page.text()


def undo_page(identity: str, shell: str, look: Look) -> str:
    """How to take the treatment back."""
    page = Page(look)
    page.gap()
    page.add("To take it back:")
    page.exact(command_lines(["llm-doctor", "undo", identity], shell), indent=2)
    return page.text()
