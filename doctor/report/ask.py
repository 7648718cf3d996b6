"""The answer of `llm-doctor ask` as a page of text and as JSON."""

import json

import msgspec

from doctor.ask.answer import Answer, Asked, Likely
from doctor.ask.questions import Question
from doctor.model import Status
from doctor.report import Look
from doctor.report.page import Page
from doctor.text import one_line

VERDICTS = {
    "confirmed": ("CONFIRMED", "bold red"),
    "suspected": ("suspected", "bold yellow"),
    "ruled out": ("ruled out", "green"),
    "not evaluated": ("could not be evaluated", "dim"),
    "not asked": ("not looked for", "dim"),
    "no check can prove it": ("no check can prove it; explain says what to look at", "dim"),
}
DEPTHS = {"passive": "only reads", "quick": "asks the model", "deep": "asks the model at length"}


def to_json(answer: Answer) -> str:
    """One document, ASCII only."""
    from doctor.report.json import tidy

    return json.dumps(tidy(msgspec.to_builtins(answer)), indent=2, allow_nan=False) + "\n"


def page(answer: Answer, look: Look | None = None) -> str:
    """The likely causes, the checks that told them apart and why, and the report on what they found."""
    sheet = Page(look or Look())
    if not answer.candidates:
        sheet.add("None of the causes that are known here is spoken of in these words.", "bold")
        sheet.add("Say what you did, what you expected and what came instead; or look at everything:")
        sheet.exact(["llm-doctor check"], indent=2)
        return sheet.text()
    sheet.add("It sounds like", "bold")
    for number, one in enumerate(answer.candidates, 1):
        _candidate(sheet, number, one)
    titles = {one.id: number for number, one in enumerate(answer.candidates, 1)}
    if answer.asked:
        sheet.gap()
        sheet.add("Asked, the cheapest first", "bold")
    for number, question in enumerate(answer.asked, 1):
        _question(sheet, number, question, titles)
    if answer.reason:
        sheet.gap()
        sheet.add(answer.reason)
    return sheet.text() + _rest(answer, sheet.look)


def _candidate(sheet: Page, number: int, one: Likely) -> None:
    words, style = VERDICTS[one.verdict]
    sheet.add(
        one.title, style if one.verdict == "confirmed" else "", marker=f"{number}. ", indent=2, tail=f"[{one.id}]"
    )
    if one.because:
        said = ", ".join(f'"{one_line(word, 60)}"' for word in one.because)
        sheet.add(said, "dim", marker="you say ", indent=5)
    if one.verdict != "not asked":
        sheet.add(words, style, indent=5)


def _question(sheet: Page, number: int, one: Asked, titles: dict[str, int]) -> None:
    sheet.add(one.title, marker=f"{number}. ", indent=2, tail=f"[{one.check}, {cost(one.depth, one.requests)}]")
    sheet.add(why(one, titles), marker="why: ", indent=5)
    sheet.add(outcome(one), marker="answer: ", indent=5)


def cost(depth: str, requests: int) -> str:
    """What a question costs the model, in words."""
    return DEPTHS[depth] if depth == "passive" else f"{DEPTHS[depth]}, about {requests} requests"


def why(one: Asked | Question, numbers: dict[str, int]) -> str:
    """The reason for a question in one sentence; candidates by their numbers."""
    parts = []
    if one.proves:
        names = " or ".join(f"{numbers[id_]}" for id_ in one.proves if id_ in numbers)
        parts.append(f"it shows whether it is {names}")
    if one.settles:
        waiting = " and ".join(str(numbers[id_]) for id_ in one.waiting if id_ in numbers)
        parts.append(f"{', '.join(one.settles)} imitates {waiting} and must be ruled out first")
    return "; ".join(parts)


def outcome(one: Asked) -> str:
    """What a question brought, in words."""
    if one.status is Status.FAILED:
        return f"found {', '.join(one.found)}"
    if one.status is Status.PASSED:
        return f"nothing wrong, noted {', '.join(one.found)}" if one.found else "nothing of that"
    return f"could not be evaluated: {one.reason}"


def _rest(answer: Answer, look: Look) -> str:
    """The ordinary report, where checks were run; else how to go on."""
    from doctor.report.text import render

    sheet = Page(look)
    sheet.gap()
    if answer.report is not None:
        return sheet.text() + render(answer.report, look)
    sheet.add("llm-doctor explain ID tells how each shows itself and what to do about it.")
    return sheet.text()
