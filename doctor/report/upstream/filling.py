"""A form filled: one value for each field, what is missing, the title, and the whole as GitHub stores it."""

from collections.abc import Callable

import msgspec

from doctor.errors import Skip
from doctor.model import Report, TargetReport
from doctor.report.upstream import measured
from doctor.report.upstream.forms import Field, Form
from doctor.report.upstream.github import MAX_BODY, address, calm, details, fence, shortened
from doctor.report.upstream.measured import Case
from doctor.report.upstream.reproduction import reproduction
from doctor.text import one_line, plain

MAX_TITLE = 120
MAX_WORDS = 20_000
NO_RESPONSE = "_No response_"  # what GitHub writes for an optional field that is empty
# Texts of facts, each inside a fence: whatever a server or a file said in them does nothing there.
BLOCKS: dict[str, tuple[str, Callable[[Case], str]]] = {
    "found": ("Found", measured.found),
    "measured": ("Measured", measured.measured),
    "environment": ("Environment", measured.environment),
    "hardware": ("", measured.hardware),
    "version": ("", measured.version),
    "model": ("", measured.model),
    "command": ("Command line of the server", measured.command),
    "expected": ("", measured.expected),
}
LINES: dict[str, Callable[[Case], str]] = {
    "version": measured.version,
    "system": measured.system,
    "ollama-version": measured.ollama_version,
    "command-line": measured.command,
    "logs": measured.logs,
}
CHOICES = frozenset({"os", "gpu", "cpu", "backends", "module"})
FOLDED: dict[str, tuple[str, Callable[[Case], str]]] = {
    "environment-block": ("Environment", measured.environment),
    "log-block": ("Logs", measured.logs),
}
NOT_MEASURED = "llm-doctor does not see it"
NO_BISECT = "no earlier version was examined"


class Filled(msgspec.Struct, frozen=True, kw_only=True):
    """The values by label; `missing` are sentences about what is still wanted."""

    form: Form
    title: str
    values: dict[str, str]
    missing: tuple[str, ...]

    @property
    def body(self) -> str:
        """The text of the issue: for a form exactly what GitHub writes when it is submitted."""
        return _within(self, MAX_BODY)

    @property
    def url(self) -> str:
        """The prefilled page."""
        return address(self.form, self.title, self.values, self.body)


def fill(form: Form, case: Case, title: str = "") -> Filled:
    """Every field of the form."""
    values: dict[str, str] = {}
    missing: list[str] = []
    for field in form.field:
        values[field.label], wanted = _value(form, field, case)
        missing += [f"{field.label.rstrip(':')}: {sentence}" for sentence in wanted]
    if form.runtimes and case.target.runtime not in form.runtimes:
        missing.append(f"the examined server is {case.target.runtime or 'unidentified'}, not {form.name}")
        missing += [form.elsewhere] if form.elsewhere else []
    return Filled(form=form, title=_title(form, case, title), values=values, missing=tuple(missing))


def _title(form: Form, case: Case, title: str) -> str:
    """The form's beginning, then the user's words or the worst finding."""
    said = title or (case.findings[0].summary if case.findings else "")
    return form.title + one_line(said or "describe it in a few words", MAX_TITLE)


def _value(form: Form, field: Field, case: Case) -> tuple[str, list[str]]:
    """One field's value and what it lacks."""
    if field.kind == "attest":
        return "", [f"tick it yourself if it is true: {box}" for box in field.boxes]
    if field.kind == "choice":
        return _choice(field, case)
    parts: list[str] = []
    wanted: list[str] = []
    for name in field.fill:
        try:
            parts.append(_part(form, field, case, name))
        except Skip as skip:
            optional = name in ("words", "found", "measured", "command", "log-block", "logs") and len(field.fill) > 1
            if not optional or name == "words":
                wanted.append(skip.reason)
            if not optional:
                parts.append(f"not available: {skip.reason}" if field.required else "")
    if field.also:
        wanted.append(f"add {field.also}")
    text = "\n\n".join(part for part in parts if part)
    if field.required and not text:
        text = f"not available: {wanted[0] if wanted else NOT_MEASURED}"
    return text, wanted


def _choice(field: Field, case: Case) -> tuple[str, list[str]]:
    try:
        keys = [] if field.fill == ("not-measured",) else measured.kinds(case, field.fill[0])
    except Skip as skip:
        return "", [f"choose it yourself ({skip.reason})"]
    chosen = [field.options[key] for key in keys if key in field.options]
    chosen = chosen[:1] if field.fill == ("os",) else chosen  # the closest that the form offers
    if keys and not chosen and "other" in field.options:
        chosen = [field.options["other"]]
    return ", ".join(chosen), [] if chosen else [f"choose of {', '.join(field.options.values())}, or leave it empty"]


def _part(form: Form, field: Field, case: Case, name: str) -> str:
    """One ingredient of a field. Raises Skip."""
    if name == "words":
        if not case.words:
            raise Skip("say in your own words what you did, what you expected and what happened (--say TEXT)")
        return calm(plain(case.words, MAX_WORDS))
    if name in ("not-measured", "first-bad"):
        raise Skip(NOT_MEASURED if name == "not-measured" else NO_BISECT)
    if name == "reproduction":
        return _reproduction(case)
    if name in FOLDED:
        title, text = FOLDED[name]
        return details(title, fence(text(case)))
    if field.kind in ("line", "shell"):
        return LINES[name](case)
    title, text = BLOCKS[name]
    return (f"{title}:\n\n" if title else "") + fence(text(case))


def _reproduction(case: Case) -> str:
    evidence = [item for finding in case.findings for item in finding.evidence]
    made = reproduction(case.target, case.checks, evidence)
    parts = ["Reproduction:", fence(made.shell, "shell")]
    if made.python:
        parts.append(details("The same in Python", fence(made.python, "python")))
    if made.answer:
        parts += ["Answer:", fence(made.answer)]
    return "\n\n".join(parts)


def _within(filled: Filled, limit: int) -> str:
    """The body, its least worthy fields shortened until it is short enough."""
    values = dict(filled.values)
    order = sorted(filled.form.field, key=lambda field: (field.worth, -len(values[field.label])))
    for field in order:
        over = len(_laid_out(filled.form, values)) - limit
        if over <= 0:
            break
        text = values[field.label]
        values[field.label] = shortened(text, max(0, len(text) - over - 200))
    return _laid_out(filled.form, values)


def _laid_out(form: Form, values: dict[str, str]) -> str:
    mark = {"form": "### {}", "heading": "### {}", "bold": "**{}**"}[form.style]
    parts = []
    for field in form.field:
        text = values[field.label]
        if field.kind == "attest":
            text = "\n".join(f"- [ ] {box}" for box in field.boxes)
        elif field.kind == "shell" and text and form.style == "form":
            text = fence(text, "shell")
        parts += [mark.format(field.label), text or NO_RESPONSE]
    return "\n\n".join(parts) + "\n"


def case_of(report: Report, target: TargetReport, words: str = "", log: str = "") -> Case:
    """The target with the checks that raised its findings, worst first."""
    from doctor.plugins import bundled_checks

    raised_by = {symptom.id: check.id for check in bundled_checks() for symptom in check.symptoms}
    bare = Case(report=report, target=target, words=words, log=log)
    checks = dict.fromkeys(raised_by[finding.symptom] for finding in bare.findings if finding.symptom in raised_by)
    return msgspec.structs.replace(bare, checks=tuple(checks))
