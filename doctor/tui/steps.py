"""A step of a remedy as an action: what to do with a text, and the text as it goes on the clipboard."""

import os

from doctor.model import Step
from doctor.report.steps import command_lines, step_lines, undo_lines
from doctor.text import one_line, plain
from doctor.tui.page import Action

HEADINGS = {"run": "run", "request": "send", "restart": "stop the server and start it so"}
MAX_CHARACTERS = 4000  # of one text; a systemd drop-in or a request body has a few hundred
SHELL = "powershell" if os.name == "nt" else "posix"


def action(step: Step, url: str) -> Action:
    """The step for a server at `url`."""
    text = unbroken(step_lines(step, url, SHELL))
    heading = HEADINGS.get(step.kind, "by hand")
    if step.kind == "restart" and step.text:
        heading = one_line(step.text, 200)
    if step.kind == "edit" and step.edit and "name" in step.edit:  # a template of ours, too long to be shown
        heading = HEADINGS["run"]
    elif step.kind == "edit" and step.edit:
        heading = f"write into {one_line(step.edit.get('file', 'the file'), 200)}"
        text = step.edit.get("diff") or step.edit.get("text", "")
    return Action(
        heading=heading,
        text=plain(text, MAX_CHARACTERS).strip(),
        typed=step.kind in ("run", "request", "edit", "restart"),
        undo=plain(" ".join(undo_lines(step, url, SHELL)), MAX_CHARACTERS),
    )


def command(*words: str, heading: str = "run") -> Action:
    """A command of this program as an action."""
    return Action(heading=heading, text=unbroken(command_lines([one_line(w, MAX_CHARACTERS) for w in words], SHELL)))


def unbroken(lines: list[str]) -> str:
    """A command that was continued over several lines as one line: here the widget wraps it to its width."""
    whole = [line.removesuffix(" \\") for line in lines]
    text = whole[0] if whole else ""
    for before, line in zip(lines, whole[1:], strict=False):
        text += f" {line.strip()}" if before.endswith(" \\") else f"\n{line}"
    return text
