"""A remedy's step as lines that can be copied into a shell or an editor."""

import json
import shlex
import subprocess
from urllib.parse import urlsplit

from doctor.model import Step
from doctor.text import plain

FITS = 72  # longer commands are continued on the next line with a backslash
MAX_WORD = 4000


def step_lines(step: Step, url: str, os: str = "") -> list[str]:
    """What to type or do for one step on this operating system ("" counts as one with a POSIX shell)."""
    if step.kind == "run":
        return command_lines([_word(word) for word in step.command], os)
    if step.kind == "request" and step.request is not None:
        return _request_lines(step, url, os)
    if step.kind == "edit" and step.edit is not None:
        return [f"in {step.edit.get('file', 'the file')} write:", *_indented(step.edit.get("text", ""))]
    return step.text.strip().splitlines()


def command_lines(command: list[str], os: str = "") -> list[str]:
    """A command as typed in the system's usual shell, broken between words where it is long."""
    if os == "windows":
        return [subprocess.list2cmdline(command)]
    line = shlex.join(command)
    if len(line) <= FITS:
        return [line]
    lines = [""]
    for word in map(shlex.quote, command):
        if lines[-1] and len(lines[-1]) + len(word) >= FITS:
            lines.append("   ")
        lines[-1] += (" " if lines[-1] else "") + word
    return [line + " \\" for line in lines[:-1]] + [lines[-1]]


def _request_lines(step: Step, url: str, os: str) -> list[str]:
    request = step.request or {}
    method, path = str(request.get("method", "POST")), str(request.get("path", "/"))
    body = json.dumps(request["body"]) if "body" in request else ""
    if os == "windows":  # quoting JSON for cmd and PowerShell differs; the request itself does not
        return [f"{method} {_origin(url)}{path}", *([body] if body else [])]
    words = ["curl", "-X", method, _origin(url) + path]
    if body:
        words += ["-H", "Content-Type: application/json", "-d", body]
    return command_lines([_word(word) for word in words], os)


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
