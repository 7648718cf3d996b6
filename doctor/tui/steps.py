"""A step of a remedy as an action: what to do with a text, and the text as it goes on the clipboard."""

import os

from doctor.model import Step
from doctor.report.steps import command_lines, step_lines
from doctor.text import one_line, plain
from doctor.tui.page import Action

MAX_CHARACTERS = 4000  # of one text; a systemd drop-in or a request body has a few hundred
SYSTEM = "windows" if os.name == "nt" else ""


def action(step: Step, url: str) -> Action:
    """The step for a server at `url`."""
    text = unbroken(step_lines(step, url, SYSTEM))
    heading = {"run": "run", "request": "send"}.get(step.kind, "by hand")
    if step.kind == "edit" and step.edit:
        heading = f"write into {one_line(step.edit.get('file', 'the file'), 200)}"
        text = step.edit.get("text", "")
    return Action(
        heading=heading,
        text=plain(text, MAX_CHARACTERS).strip(),
        typed=step.kind in ("run", "request", "edit"),
        undo=plain(step.undo, MAX_CHARACTERS),
    )


def command(*words: str, heading: str = "run") -> Action:
    """A command of this program as an action."""
    return Action(heading=heading, text=unbroken(command_lines([one_line(w, MAX_CHARACTERS) for w in words], SYSTEM)))


def unbroken(lines: list[str]) -> str:
    """A command that was continued over several lines as one line: here the widget wraps it to its width."""
    whole = [line.removesuffix(" \\") for line in lines]
    text = whole[0] if whole else ""
    for before, line in zip(lines, whole[1:], strict=False):
        text += f" {line.strip()}" if before.endswith(" \\") else f"\n{line}"
    return text
