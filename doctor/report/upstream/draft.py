"""A bug report drafted from a diagnosis: which form, which target, and the filled form as numbered blocks."""

import msgspec

from doctor.errors import UsageError
from doctor.model import Report, TargetReport
from doctor.plugins import bundled_checks
from doctor.report.upstream.filling import Filled, case_of, fill
from doctor.report.upstream.forms import chosen_form, forms
from doctor.text import one_line


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What the user adds, redacted already: what happened in their words, a title, the end of the server's log."""

    words: str = ""
    title: str = ""
    log: str = ""


def draft(examined: Report, upstream: str, wanted: str | None, said: Said) -> Filled:
    """The form of this project, filled. Raises UsageError where the report has no such target."""
    runtimes = next((form.runtimes for form in forms().values() if form.upstream == upstream), ())
    target = target_of(examined, wanted, runtimes)
    case = case_of(examined, target, said.words, said.log)
    categories = {check.category.value for check in bundled_checks() if check.id in case.checks[:1]}
    return fill(chosen_form(upstream, target, categories), case, said.title)


def target_of(examined: Report, wanted: str | None, runtimes: tuple[str, ...]) -> TargetReport:
    """The target that is meant: the one named, one of the project's runtime, or the first. Raises UsageError."""
    if not examined.targets:
        raise UsageError("there is nothing to report: no server was examined")
    if wanted:
        for target in examined.targets:
            if wanted in (target.url, target.model):
                return target
        raise UsageError(
            f"the report has no target {one_line(wanted, 80)!r}; it has {', '.join(t.url for t in examined.targets)}"
        )
    return next((target for target in examined.targets if target.runtime in runtimes), examined.targets[0])


def as_form(filled: Filled) -> str:
    """Numbered blocks to be pasted, then what is missing."""
    lines = [
        f"Bug report for {filled.form.name}",
        f"https://github.com/{filled.form.repo}/issues/new?template={filled.form.template}",
    ]
    lines += ["", f"Title: {filled.title}"]
    for number, field in enumerate(filled.form.field, 1):
        text = filled.values[field.label]
        if field.kind == "attest":
            text = "\n".join(f"[ ] {box}" for box in field.boxes)
        what = {"choice": "choose in", "attest": "tick yourself in"}.get(field.kind, "paste into")
        lines += ["", f"{number}. {what}: {field.label}", "", text or "(leave empty)"]
    if filled.missing:
        lines += ["", "Still missing:", *(f"- {sentence}" for sentence in filled.missing)]
    return "\n".join(lines) + "\n"
