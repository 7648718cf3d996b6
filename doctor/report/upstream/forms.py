"""The bug report forms of upstream projects, read from `forms/*.toml`."""

import tomllib
from pathlib import Path

import msgspec

from doctor.errors import UsageError
from doctor.model import TargetReport
from doctor.nearest import nearest

FOLDER = Path(__file__).parent / "forms"
# A wrong text or a crash while the model runs is llama.cpp's evaluation form; everything else its miscellaneous one.
EVALUATION = frozenset({"output", "context", "tools"})


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field: `fill` names what goes into it, in order; `also` is what is wanted besides and not measured."""

    label: str
    kind: str  # area, line, shell, choice, attest
    id: str = ""
    required: bool = False
    fill: tuple[str, ...] = ()
    options: dict[str, str] = {}
    boxes: tuple[str, ...] = ()
    also: str = ""
    worth: int = 2  # the least worthy is shortened first


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One template of one project. `style`: form (GitHub's form), bold or heading (a page of Markdown)."""

    upstream: str
    name: str
    repo: str
    template: str
    read_at: str
    field: tuple[Field, ...]
    form: str = ""
    runtimes: tuple[str, ...] = ()
    title: str = ""
    style: str = "form"
    elsewhere: str = ""
    own_words: bool = False

    @property
    def id(self) -> str:
        """`llama.cpp-eval`, `ollama`."""
        return f"{self.upstream}-{self.form}" if self.form else self.upstream


def forms() -> dict[str, Form]:
    """Every form by its id."""
    found = (msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Form) for path in FOLDER.glob("*.toml"))
    return {form.id: form for form in sorted(found, key=lambda form: form.id)}


def chosen_form(name: str, target: TargetReport, categories: set[str]) -> Form:
    """The form of this name; of llama.cpp's the fitting one. Raises UsageError with the nearest name."""
    known = forms()
    if name == "llama.cpp":
        wrong = categories & EVALUATION or any(
            not finding.explained_by for finding in target.findings if not categories
        )
        name = "llama.cpp-eval" if wrong else "llama.cpp-misc"
    if name not in known:
        names = sorted({*known, "llama.cpp"})
        raise UsageError(f"no bug report form is known for {name!r}{nearest(name, names)} Known: {', '.join(names)}")
    return known[name]
