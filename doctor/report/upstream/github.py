"""GitHub's mechanics: what an address may fill, how long text may be, and how text is kept from doing anything."""

import re
from urllib.parse import quote

from doctor.report.upstream.forms import Form

MAX_ADDRESS_BYTES = 6000  # of the encoded address; about 8 KB is refused with 414, and the text is lost
MAX_BODY = 60_000  # of the 65 536 that an issue may have
MIN_KEPT = 200
SHORTENED = "\n(shortened: the full text is in the file)"
FILLED = frozenset({"area", "line", "shell"})
# What notifies somebody or links another project's issue, outside fences.
LIVELY = re.compile(r"(?<![\w`])@(?=[A-Za-z0-9])|(?<=[\w/])#(?=\d)|(?<!\w)#(?=\d)|(?<=github\.com)/")
BREAK = "\u200b"


def fence(text: str, language: str = "text") -> str:
    """A fenced block, its fence longer than any run of backticks in the text."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text.rstrip()}\n{ticks}"


def details(title: str, block: str) -> str:
    """A collapsed section around a block."""
    return f"<details><summary>{title}</summary>\n\n{block}\n\n</details>"


def calm(text: str) -> str:
    """A person's own words without mentions and links to issues that would notify somebody."""
    return LIVELY.sub(lambda match: match[0] + BREAK, text)


def address(form: Form, title: str, values: dict[str, str], body: str) -> str:
    """The prefilled new-issue page, at most `MAX_ADDRESS_BYTES`; the least worthy field is shortened first.

    Choices and check boxes are left out: in an address they are ignored at best and replace the form at worst.
    """
    fields = {field.id: values[field.label] for field in form.field if field.id and field.kind in FILLED}
    worth = {field.id: field.worth for field in form.field}
    if form.style != "form":
        fields, worth = {"body": body}, {"body": 1}
    fields = {name: text for name, text in fields.items() if text}
    order = sorted(fields, key=lambda name: (worth[name], -len(fields[name])))
    for name in order:
        over = len(_encoded(form, title, fields)) - MAX_ADDRESS_BYTES
        if over <= 0:
            break
        fields[name] = _fitting(form, title, fields, name)
    return _encoded(form, title, fields)


def _fitting(form: Form, title: str, fields: dict[str, str], name: str) -> str:
    """The longest beginning of a field with which the address fits; by halving: encoding triples some letters."""
    text, low, high = fields[name], 0, len(fields[name])
    while low < high:
        middle = (low + high + 1) // 2
        if len(_encoded(form, title, {**fields, name: shortened(text, middle)})) <= MAX_ADDRESS_BYTES:
            low = middle
        else:
            high = middle - 1
    return shortened(text, low if low >= MIN_KEPT else 0)


def shortened(text: str, limit: int, note: str = SHORTENED) -> str:
    """The first characters, cut at a line, open blocks closed, and a word about it."""
    if limit >= len(text):
        return text
    kept = text[:limit].rpartition("\n")[0] or text[:limit]
    opened = _open_fence(kept)
    kept += f"\n{opened}" if opened else ""
    kept += "\n</details>" if kept.count("<details>") > kept.count("</details>") else ""
    return kept + note


def _open_fence(text: str) -> str:
    """The fence that the text ends inside of, "" when it ends outside."""
    opened = ""
    for line in text.splitlines():
        run = re.match(r"`{3,}", line)
        if run and not opened:
            opened = run[0]
        elif opened and line.strip() == opened:
            opened = ""
    return opened


def _encoded(form: Form, title: str, fields: dict[str, str]) -> str:
    asked = [("template", form.template), ("title", title), *fields.items()]
    query = "&".join(f"{name}={quote(text, safe='')}" for name, text in asked if text)
    return f"https://github.com/{form.repo}/issues/new?{query}"
