"""A playbook's page as paragraphs: the little of Markdown that the pages use."""

import re

from doctor.text import plain
from doctor.tui.page import Block, Bullet, Code, Heading, Paragraph

MAX_PAGE_CHARACTERS = 20_000
BULLET = re.compile(r"(?:[-*]|\d+[.)])\s+")
TABLE_LINE = re.compile(r"\s*\|")


def blocks(page: str) -> list[Block]:
    """Headings, paragraphs, bullets and code of a page; lines of one paragraph are joined."""
    found: list[Block] = []
    lines: list[str] = []
    code: list[str] | None = None
    for line in plain(page, MAX_PAGE_CHARACTERS).splitlines():
        if line.startswith("```"):
            if code is None:
                found += _paragraph(lines)
                lines, code = [], []
            else:
                found.append(Code(text="\n".join(code)))
                code = None
        elif code is not None:
            code.append(line)
        else:
            lines = _line(line, lines, found)
    if code:
        found.append(Code(text="\n".join(code)))
    return found + _paragraph(lines)


def _line(line: str, lines: list[str], found: list[Block]) -> list[str]:
    """The open paragraph after this line; what the line closes goes to `found`."""
    if not line.strip():
        found += _paragraph(lines)
        return []
    if line.startswith("#"):
        found += [*_paragraph(lines), Heading(text=line.lstrip("# "))]
        return []
    if TABLE_LINE.match(line) or line.startswith("    "):
        if lines and BULLET.match(lines[0]) and not TABLE_LINE.match(line):
            return [*lines, line.strip()]
        found += [*_paragraph(lines), Code(text=line)]
        return []
    if BULLET.match(line.strip()):
        found += _paragraph(lines)
        return [line.strip()]
    return [*lines, line.strip()]


def _paragraph(lines: list[str]) -> list[Block]:
    text = " ".join(lines)
    if not text:
        return []
    bullet = BULLET.match(text)
    if bullet is None:
        return [Paragraph(text=text)]
    mark = bullet.group().strip()
    return [Bullet(mark="•" if mark in "-*" else mark, text=text[bullet.end() :])]
