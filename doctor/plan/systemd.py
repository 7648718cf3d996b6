"""Drop-in files of systemd units: text in, text out.

Quoting: systemd.syntax(7) and systemd.service(5), "Command lines": double quotes with backslashes, `%%` and `$$`.
"""

import re
from collections.abc import Mapping, Sequence

NAME = "zz-llm-doctor.conf"  # drop-ins are read in the order of their names, and the last one wins
SECTION = "[Service]"
PLAIN = re.compile(r"[A-Za-z0-9_@%+=:,./-]+")


def drop_in(before: str, environment: Mapping[str, str], command: Sequence[str] = ()) -> str:
    """The drop-in that sets these variables ("" takes one away) and this command, on top of what it holds already."""
    kept = [line for line in before.splitlines() if not _replaced(line, environment, command)]
    lines = [line for line in kept if line.strip() and line.strip() != SECTION]
    lines += [f"Environment={_quoted(f'{name}={value}')}" for name, value in environment.items() if value]
    lines += [f"UnsetEnvironment={name}" for name, value in environment.items() if not value]
    if command:
        lines += ["ExecStart=", "ExecStart=" + " ".join(_quoted(word).replace("$", "$$") for word in command)]
    return "\n".join([SECTION, *lines]) + "\n"


def _quoted(word: str) -> str:
    text = word.replace("%", "%%")
    if PLAIN.fullmatch(text):
        return text
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t") + '"'


def _replaced(line: str, environment: Mapping[str, str], command: Sequence[str]) -> bool:
    key, _, value = line.strip().partition("=")
    if key == "ExecStart":
        return bool(command)
    if key in ("Environment", "UnsetEnvironment"):
        return value.strip('"').partition("=")[0] in environment
    return False
