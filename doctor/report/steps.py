"""A remedy's step as lines that can be copied into a shell or an editor."""

import json
from typing import Any
from urllib.parse import urlsplit

from doctor.model import Depth, Step
from doctor.plan.quoting import line
from doctor.text import one_line, plain

MAX_WORD = 4000


def shell_of(host: dict[str, Any]) -> str:
    """The shell that commands are written for, from a report's facts of the machine."""
    shell, system = host.get("Shell"), host.get("System")
    if isinstance(shell, dict) and "kind" in shell:
        return str(shell["kind"])
    windows = isinstance(system, dict) and system.get("os") == "windows"
    return "powershell" if windows else "posix"


def step_lines(step: Step, url: str, shell: str = "posix") -> list[str]:
    """What to type or do for one step."""
    if step.kind == "restart" and step.edit is not None:  # a user's unit: its drop-in, then the unit again
        reload_ = ["systemctl", "--user", "daemon-reload"]
        lines = [line for command in (reload_, list(step.command)) for line in command_lines(command, shell)]
        return [*edit_lines(step.edit, shell), *lines]
    if step.kind in ("run", "restart") and step.command:
        return command_lines(list(step.command), shell, step.environment)
    if step.kind == "request" and step.request is not None:
        return request_lines(step.request, url, shell)
    if step.kind == "edit" and step.edit is not None:
        return edit_lines(step.edit, shell)
    return step.text.strip().splitlines()


def before_lines(step: Step, shell: str = "posix") -> list[str]:
    """The server's command line as it is now, for a step that changes it."""
    return command_lines(list(step.before), shell) if step.before and step.edit is None else []


def undo_lines(step: Step, url: str, shell: str = "posix") -> list[str]:
    """How to take a step back: words of the playbook, else the command or request that does it."""
    if step.undo:
        return [step.undo]
    if step.undo_command:
        return command_lines(list(step.undo_command), shell)
    if step.undo_request:
        return request_lines(step.undo_request, url, shell)
    if step.kind != "restart" or not step.before:
        return []
    return ["Start it with the first command again." if step.edit is None else "Delete the file, then the two again."]


def command_lines(command: list[str], shell: str = "posix", environment: dict[str, str] | None = None) -> list[str]:
    """A command as typed, broken between words where it is long."""
    variables = {name: _word(value) for name, value in (environment or {}).items()}
    return line([_word(word) for word in command], shell, variables)


def treat_words(cause: str, url: str, depth: Depth) -> list[str]:
    """The command that treats a cause as a run of this depth found it."""
    return ["llm-doctor", "treat", cause, "--target", one_line(url, 200), *deep_words(depth), "--apply"]


def deep_words(depth: Depth) -> list[str]:
    """What a command needs so that it sees what a run of this depth saw; a quick one may miss it."""
    return ["--depth", "deep"] if depth is Depth.DEEP else []


def edit_lines(edit: dict[str, str], shell: str = "posix") -> list[str]:
    """What a file is to hold, or how it changes."""
    if "diff" in edit:
        return edit["diff"].rstrip("\n").splitlines()
    if "name" in edit:  # a template of ours, which is too long to be shown
        return command_lines(["llm-doctor", "explain", edit["name"], "-o", edit.get("file", "FILE")], shell)
    return [f"in {edit.get('file', 'the file')} write:", *_indented(edit.get("text", ""))]


def request_lines(request: dict[str, Any], url: str, shell: str = "posix") -> list[str]:
    """A request as a curl command."""
    method, path = str(request.get("method", "POST")), str(request.get("path", "/"))
    # Windows PowerShell 5 has an alias of the name curl for another program.
    words = ["curl.exe" if shell == "powershell" else "curl", "-X", method, _origin(url) + path]
    if "body" in request:
        words += ["-H", "Content-Type: application/json", "-d", json.dumps(request["body"])]
    return command_lines(words, shell)


def _word(text: str) -> str:
    """One argument made harmless; a line break in it would look like a second command."""
    return plain(text, MAX_WORD).replace("\n", " ")


def _origin(url: str) -> str:
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    return f"{parts.scheme}://{parts.netloc}"


def _indented(text: str) -> list[str]:
    return ["    " + line for line in text.rstrip("\n").splitlines()]
