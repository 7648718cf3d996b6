"""The bug report of the last run for an upstream project, redacted, as the command `report` writes it."""

from urllib.parse import urlsplit

import msgspec

from doctor.collect.servers import DEFAULT_PORTS
from doctor.errors import RedactionError
from doctor.model import Report
from doctor.redact import Redactor, gather, redacted
from doctor.report.upstream.draft import Said, as_form, draft
from doctor.report.upstream.forms import forms

MOST_USED = "ollama"


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """The text to paste, the address of the prefilled page, and how many places were replaced, by kind."""

    text: str
    url: str
    replaced: dict[str, int]
    missing: tuple[str, ...]


def upstreams() -> dict[str, tuple[str, ...]]:
    """Projects by name, with the runtimes that are theirs."""
    found: dict[str, tuple[str, ...]] = {}
    for form in forms().values():
        found[form.upstream] = (*found.get(form.upstream, ()), *form.runtimes)
    return found


def likely(report: Report) -> str:
    """The project of the first server with something wrong, else of the first one.

    A server that does not say what it is goes by its port.
    """
    ordered = sorted(report.targets, key=lambda target: not target.causes)
    by_port = {port: runtime for runtime, port in DEFAULT_PORTS.items()}
    said = [target.runtime for target in ordered]
    said += [by_port.get(urlsplit(target.url).port or 0, "") for target in ordered]
    owners = {runtime: name for name, runtimes in upstreams().items() for runtime in runtimes}
    return next((owners[runtime] for runtime in said if runtime in owners), MOST_USED)


def drafted(report: Report, upstream: str, words: str) -> Draft:
    """The filled form. Raises RedactionError when something is left in it that must not leave, and UsageError."""
    redactor = Redactor(gather())
    filled = draft(redacted(report, redactor), upstream, None, Said(words=redactor.text(words)))
    text, url = as_form(filled), filled.url
    left = sorted({*redactor.leaks(text), *redactor.leaks(url)})
    if left:
        raise RedactionError(f"the text still holds what looks like {' and '.join(left)}; it is not shown")
    return Draft(text=text, url=url, replaced=dict(redactor.counts), missing=filled.missing)
