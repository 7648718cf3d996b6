"""The page of a treatment: the plan with where it is, then the verdict with the numbers before and after."""

import difflib
from collections.abc import Sequence

from doctor.model import Step
from doctor.report.treatment import question
from doctor.text import one_line, plain
from doctor.treat.verdict import Judgement, Number, Outcome
from doctor.tui.library import Library, in_words
from doctor.tui.page import Block, Bullet, Changes, Heading, Page, Paragraph
from doctor.tui.steps import SHELL, action, command
from doctor.tui.treating import Stage, Treatment
from doctor.tui.words import RISKS, RUNNING_SIGN, count, duration, measured

OUTCOMES = {
    Outcome.FIXED: ("✓", "good", "fixed"),
    Outcome.BETTER: ("!", "warn", "better, but not gone"),
    Outcome.UNCHANGED: ("!", "warn", "unchanged"),
    Outcome.WORSE: ("✗", "bad", "worse"),
    Outcome.UNKNOWN: ("?", "faint", "not verified"),
}
BRIEFLY = {
    Stage.LOOKING: "looking",
    Stage.DOING: "at work",
    Stage.VERIFYING: "verifying",
    Stage.UNDOING: "taking it back",
}
NO_HELP = (Outcome.UNCHANGED, Outcome.WORSE)
STAGES = {
    Stage.LOOKING: "looking whether it is still so, before anything is changed",
    Stage.ASKING: "waits for your answer; nothing is done without it",
    Stage.DOING: "carrying it out",
    Stage.VERIFYING: "done; now the same checks again",
    Stage.UNDOING: "taking it back",
}
MAX_NUMBERS = 40


def treat_page(at: Treatment, library: Library) -> Page:
    """Everything about it, what matters now first."""
    sign, tone, status = _headline(at)
    found: list[Block] = []
    if at.says:
        found.append(Paragraph(text=plain(at.says)))
    elif at.judgement:
        found.append(Paragraph(text=_because(at.judgement, library)))
    found += _numbers(at)
    found += _left(at)
    found += _way_back(at)
    found += _plan(at)
    return Page(sign=sign, tone=tone, status=status, title=plain(at.remedy.say), blocks=tuple(found))


def _headline(at: Treatment) -> tuple[str, str, str]:
    if at.undone:
        return "✓", "good", "taken back"
    if at.stage is Stage.ASKING:
        return "?", "warn", STAGES[at.stage]
    if at.stage is not Stage.OVER:
        return RUNNING_SIGN, "faint", STAGES[at.stage]
    if at.judgement:
        sign, tone, word = OUTCOMES[at.judgement.outcome]
        return sign, tone, f"{word}: {one_line(at.cause.title, 160)}"
    return "?", "warn", "ended before its verdict" if at.open else "nothing is changed"


def _because(judgement: Judgement, library: Library) -> str:
    says = plain(in_words(judgement.because, library))
    return says[:1].upper() + says[1:] + ("" if says.endswith(".") else ".")


def _numbers(at: Treatment) -> list[Block]:
    if at.judgement is None or not at.judgement.numbers:
        return []
    rows = tuple(_row(number) for number in at.judgement.numbers[:MAX_NUMBERS])
    return [Heading(text="What it had changed" if at.undone else "Before and after"), Changes(rows=rows)]


def _row(number: Number) -> tuple[str, str, str]:
    shown = (measured(item) if item else "not measured" for item in (number.before, number.after))
    before, after = (one_line(text, 80) for text in shown)
    return one_line(number.label, 80), before, after


def _left(at: Treatment) -> list[Block]:
    if not at.left or at.undone:
        return []
    return [Heading(text="Left for you to do"), *(action(step, at.url) for step in at.left)]


def _way_back(at: Treatment) -> list[Block]:
    if not at.open or at.journal is None or at.stage is not Stage.OVER:
        return []
    again = command("llm-doctor", "undo", at.journal.name, heading="u takes it back now; later, from a shell, run")
    return [Heading(text="To take it back"), again]


def _plan(at: Treatment) -> list[Block]:
    found: list[Block] = []
    if at.stage is not Stage.OVER:
        risk = RISKS.get(at.remedy.risk, one_line(at.remedy.risk, 60))
        facts = (plain(at.remedy.effect), f"Risk: {risk}. Every step can be taken back." if risk else "")
        found.append(Paragraph(text=" ".join(part for part in facts if part)))
    found.append(Heading(text=count(len(at.steps), "step") if at.stage is not Stage.OVER else "What was done"))
    for number, step in enumerate(at.steps):
        sign, tone, says = _state(at, number)
        found += [Bullet(mark=sign, tone=tone, text=f"{number + 1}. {says}"), *_difference(step), action(step, at.url)]
    by_hand = [step for step in at.remedy.steps if step not in at.steps]
    if by_hand and at.stage is not Stage.OVER:
        found += [Heading(text="Then left for you to do"), *(action(step, at.url) for step in by_hand)]
    return found


def _state(at: Treatment, number: int) -> tuple[str, str, str]:
    """Sign, tone and words of one step."""
    if number < at.done:
        return ("–", "faint", "taken back") if at.undone else ("✓", "good", "done")
    if number > at.done or at.stage in (Stage.LOOKING, Stage.VERIFYING):
        return "·", "faint", "not done" if at.stage is Stage.OVER else "comes later"
    if at.failed:
        return "✗", "bad", "did not work"
    if at.refused:
        return "–", "faint", "not agreed to"
    if at.stage is Stage.ASKING:
        return "?", "warn", "shall this be done?"
    if at.stage is Stage.DOING:
        return RUNNING_SIGN, "faint", "is being done"
    return "·", "faint", "not done"


def _difference(step: Step) -> list[Block]:
    """What is new in a command line and what is gone: one word among thirty is easily overlooked."""
    if not step.before or not step.command:
        return []
    parts = difflib.SequenceMatcher(None, step.before, step.command, autojunk=False).get_opcodes()
    changed = [(i, j, k, m) for tag, i, j, k, m in parts if tag != "equal"]
    gone = [word for i, j, _, _ in changed for word in _with_option(step.before, i, j)]
    new = [word for _, _, k, m in changed for word in _with_option(step.command, k, m)]
    new += [f"{name}={value}" for name, value in step.environment.items() if value]
    told = [f"{what} {one_line(' '.join(words), 200)}" for what, words in (("new:", new), ("gone:", gone)) if words]
    return [Paragraph(text=", ".join(told), indent=2)] if told else []


def _with_option(words: Sequence[str], begins: int, ends: int) -> list[str]:
    """The words between these places; a value with the option before it, without which it says nothing."""
    lone = begins < ends and begins > 0 and not words[begins].startswith("-") and words[begins - 1].startswith("-")
    return list(words[begins - lone : ends])


def step_question(step: Step, url: str) -> str:
    """What is asked before a step."""
    return plain(question(step, url, SHELL))


def bar_of(at: Treatment, seconds: float) -> tuple[str, str]:
    """The line above the keys: its tone, and what is asked or goes on."""
    step = at.step
    if at.stage is Stage.ASKING and step is not None:
        return "", f"Step {at.done + 1} of {len(at.steps)}: {step_question(step, at.url)} y or n"
    if at.stage is not Stage.OVER:
        now = f", {one_line(at.now, 120)}" if at.now else ""
        return "faint", f"{RUNNING_SIGN} {BRIEFLY[at.stage]}, {duration(seconds)}{now}"
    if not at.open:
        again = " The servers are examined again when you go back." if at.done or at.failed else ""
        return "faint", f"Nothing is left changed.{again}"
    if at.judgement and at.judgement.outcome in NO_HELP:
        return "warn", f"It is {at.judgement.outcome.value}: u takes it back, esc leaves it as it is now."
    return "faint", "The servers are examined again when you go back."
