"""A service of a compose file with variables and options changed: text in, text out, all other lines as they are.

Only the plain forms are edited: block mappings, block lists and a command on one line. Anything else (anchors, merge
keys, flow mappings) gives None, and the change is told in words instead.
"""

import difflib
import json
import re
import shlex
from collections.abc import Mapping, Sequence

from doctor.plan.command_line import Flags, changed

KEY = re.compile(r"""(?P<indent> *)(?P<key>[\w.-]+|"[^"]+"|'[^']+') *:(?: +(?P<rest>.*))?""")
ITEM = re.compile(r" *- +(?P<text>.*)")
PLAIN = re.compile(r"[\w./=:,@%+~-]+")
OWN_WORDS = ("true", "false", "yes", "no", "on", "off", "null", "~")
CONTEXT_LINES = 2

Lines = list[str]


def changed_service(
    text: str, service: str, environment: Mapping[str, str], flags: Flags, runtime: str, command: Sequence[str] = ()
) -> str | None:
    """The file with variables set ("" takes one away) and options of the command changed; None: not understood.

    `command` is the running container's own, for a service that leaves it to its image.
    """
    lines = text.splitlines()
    services = _span(lines, 0, len(lines), "services")
    found = _span(lines, services[0] + 1, services[1], service) if services else None
    if found is None:
        return None
    start, end = found
    head = KEY.fullmatch(lines[start])
    body: Lines | None = lines[start:end] if head and not (head["rest"] or "").strip() else None
    if body is not None and environment:
        body = _with_environment(lines[start:end], environment)
    if body is not None and flags:
        body = _with_command(body, flags, runtime, command)
    return None if body is None else "\n".join([*lines[:start], *body, *lines[end:]]) + "\n"


def diff(before: str, after: str, name: str) -> str:
    """The lines that change, each with a sign in front, and two lines around them."""
    lines = difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="", n=CONTEXT_LINES)
    return "\n".join("@@" if line.startswith("@@") else line for line in lines) + "\n"


def service_lines(text: str, service: str) -> str:
    """The part of the file that is about one service, under its heading; nothing when it is not found."""
    lines = text.splitlines()
    services = _span(lines, 0, len(lines), "services")
    found = _span(lines, services[0] + 1, services[1], service) if services else None
    return "" if found is None else "\n".join(["services:", *lines[found[0] : found[1]]]) + "\n"


def _span(lines: Lines, start: int, end: int, key: str) -> tuple[int, int] | None:
    """First line of a key among its equals, and the line after its last one."""
    level: int | None = None
    found: int | None = None
    for index in range(start, end):
        line = lines[index]
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        indent = len(line) - len(line.lstrip())
        level = indent if level is None else level
        if indent <= level and found is not None and not line.lstrip().startswith("- "):
            return found, _without_tail(lines, found, index)
        match = KEY.fullmatch(line)
        if match and indent == level and match["key"].strip("\"'") == key:
            found = index
    return None if found is None else (found, _without_tail(lines, found, end))


def _without_tail(lines: Lines, start: int, end: int) -> int:
    """Blank lines and comments at the end belong to what follows."""
    while end > start + 1 and (not lines[end - 1].strip() or lines[end - 1].lstrip().startswith("#")):
        end -= 1
    return end


def _indent(body: Lines) -> str:
    """What stands before the keys of a service."""
    inner = next((line for line in body[1:] if line.strip() and not line.lstrip().startswith("#")), "")
    return inner[: len(inner) - len(inner.lstrip())] or "    "


def _with_environment(body: Lines, environment: Mapping[str, str]) -> Lines | None:
    pad = _indent(body)
    span = _span(body, 1, len(body), "environment")
    if span is None:
        wanted = {name: value for name, value in environment.items() if value}
        lines = [f"{pad}environment:", *(f"{pad}  {name}: {_scalar(value)}" for name, value in wanted.items())]
        return [*body, *lines] if wanted else body
    start, end = span
    head, inner = KEY.fullmatch(body[start]), body[start + 1 : end]
    if head is None or head["rest"] or any("<<" in line or "&" in line for line in inner):
        return None
    is_list = any(ITEM.fullmatch(line) for line in inner)
    inner_pad = inner[0][: len(inner[0]) - len(inner[0].lstrip())] if inner else pad + "  "
    for name, value in environment.items():
        entry = f"{inner_pad}- {_scalar(f'{name}={value}')}" if is_list else f"{inner_pad}{name}: {_scalar(value)}"
        at = next((i for i, line in enumerate(inner) if _names(line, name)), None)
        if at is not None:
            inner[at : at + 1] = [entry] if value else []
        elif value:
            inner.append(entry)
    return [*body[: start + 1], *inner, *body[end:]] if inner else [*body[:start], *body[end:]]


def _names(line: str, name: str) -> bool:
    """Whether a line of the environment sets this variable."""
    item, key = ITEM.fullmatch(line), KEY.fullmatch(line)
    if item:
        return item["text"].strip("\"'").partition("=")[0].strip() == name
    return bool(key) and key["key"].strip("\"'") == name if key else False


def _with_command(body: Lines, flags: Flags, runtime: str, command: Sequence[str]) -> Lines | None:
    pad = _indent(body)
    span = _span(body, 1, len(body), "command")
    if span is None:
        given = changed([word.replace("$", "$$") for word in command], flags, runtime)
        return [*body, f"{pad}command: {json.dumps(list(given))}"] if command else None
    start, end = span
    head, inner = KEY.fullmatch(body[start]), body[start + 1 : end]
    rest = (head["rest"] or "").strip() if head else "&"
    if rest and not inner:
        new = _one_line(rest, flags, runtime)
        return None if new is None else [*body[:start], f"{pad}command: {new}", *body[end:]]
    items = [ITEM.fullmatch(line) for line in inner]
    if rest or not all(items):
        return None
    words = [_read(item["text"]) for item in items if item]
    written = dict(zip(words, inner, strict=True))
    words = list(changed(words, flags, runtime))
    dash = inner[0][: inner[0].index("-")]
    return [*body[: start + 1], *(written.get(word, f"{dash}- {_scalar(word)}") for word in words), *body[end:]]


def _one_line(rest: str, flags: Flags, runtime: str) -> str | None:
    """A command written as a flow list or as a string."""
    if rest.startswith("["):
        try:
            words = json.loads(rest)
        except json.JSONDecodeError:
            return None
        return json.dumps(list(changed([str(word) for word in words], flags, runtime)))
    if rest[0] in "&*|>{!":
        return None
    try:
        return shlex.join(changed(shlex.split(_read(rest)), flags, runtime))
    except ValueError:
        return None


def _read(text: str) -> str:
    """A scalar without its quotes."""
    text = text.strip()
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        try:
            return str(json.loads(text))
        except json.JSONDecodeError:
            return text
    return text[1:-1].replace("''", "'") if text[:1] == "'" == text[-1:] and len(text) > 1 else text


def _scalar(value: str) -> str:
    """A YAML string; numbers, words of YAML's own and odd characters in double quotes, so that they stay strings."""
    odd = not PLAIN.fullmatch(value) or value[0] in "-@%,:" or value.lower() in OWN_WORDS
    return json.dumps(value) if odd or value.replace(".", "").isdigit() else value
