"""The report as one HTML file: no script, nothing loaded from anywhere, light and dark, readable without a network."""

import base64
import functools
import hashlib
from collections.abc import Iterable
from html import escape
from pathlib import Path

from doctor.model import Cause, Evidence, Finding, Remedy, Report, Severity, TargetReport
from doctor.report import Look
from doctor.report.steps import step_lines
from doctor.report.summary import headline, open_finding
from doctor.report.text import RISKS, coverage_line, value_text
from doctor.text import one_line, plain

MAX_EVIDENCE = 20


@functools.cache
def _style() -> str:
    return Path(__file__).with_name("page.css").read_text(encoding="utf-8")


def policy() -> str:
    """Content policy: this style sheet and nothing else, not even an image."""
    digest = base64.b64encode(hashlib.sha256(_style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def render(report: Report, look: Look | None = None) -> str:
    """The whole page."""
    os = _os(report)
    body = [
        f'<h1>{_badge(report.state)} llm-doctor</h1>\n<p>{_said(headline(report))}</p>',
        *(_target(target, os) for target in report.targets),
        _checks(report),
        _footer(report),
    ]  # fmt: skip
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>llm-doctor: {escape(report.state)}</title>\n<style>{_style()}</style>\n</head>\n<body>\n"
        + "\n".join(part for part in body if part)
        + "\n</body>\n</html>\n"
    )


def _os(report: Report) -> str:
    system = report.host.get("System")
    return str(system.get("os", "")) if isinstance(system, dict) else ""


def _said(text: str, limit: int = 1000) -> str:
    """Untrusted text on one line: without control characters, and without a meaning in HTML."""
    return escape(one_line(text, limit))


def _badge(word: str) -> str:
    return f'<span class="badge {escape(word)}">{escape(word)}</span>'


def _target(target: TargetReport, os: str) -> str:
    name = f"{target.runtime or 'Unidentified server'} {target.version}".strip()
    model = f", model <code>{_said(target.model, 300)}</code>" if target.model else ""
    parts = [f"<h2>{_badge(target.state)} {_said(name)} at <code>{_said(target.url, 300)}</code>{model}</h2>"]
    if target.reason:
        parts.append(f"<p>{_said(target.reason)}</p>")
    parts += [_cause(target, cause, os) for cause in target.causes if cause.verdict == "confirmed"]
    suspected = [f"{_said(c.title)} <code>{_said(c.id)}</code>" for c in target.causes if c.verdict != "confirmed"]
    parts.append(_list("Suspected, not proven", suspected))
    parts.append(_list("Signs without a proven cause", [_finding(f) for f in target.findings if open_finding(f)]))
    notes = [_finding(f) for f in target.findings if f.severity is Severity.NOTE and not f.explained_by]
    return "\n".join(part for part in [*parts, _list("Notes", notes)] if part)


def _list(title: str, items: list[str]) -> str:
    return f"<h4>{title}</h4>\n<ul>\n" + "".join(f"<li>{item}</li>\n" for item in items) + "</ul>" if items else ""


def _finding(finding: Finding) -> str:
    return f"{_said(finding.summary)} <code>{_said(finding.symptom)}</code>"


def _cause(target: TargetReport, cause: Cause, os: str) -> str:
    seen = [f for f in target.findings if f.explained_by == cause.id or f.symptom in cause.because]
    seen.sort(key=lambda finding: finding.symptom not in cause.because)
    parts = [
        f'<section class="cause edge-{escape(cause.severity)}">',
        f"<h3>{_badge(cause.severity)} {_said(cause.title)}</h3>",
        "<ul>\n" + "".join(f"<li>{_finding(finding)}</li>\n" for finding in seen) + "</ul>" if seen else "",
        _measured(cause.evidence or [item for finding in seen for item in finding.evidence]),
        _cure(target, cause, os),
        "</section>",
    ]
    return "\n".join(part for part in parts if part)


def _measured(evidence: Iterable[Evidence]) -> str:
    rows = [
        f'<tr><td>{_said(item.label, 200)}</td><td class="value">{escape(value_text(item))}</td>'
        f'<td class="source soft">{_said(f"{item.origin}: {item.source}".rstrip(": "), 200)}</td></tr>\n'
        for item in list(dict.fromkeys(evidence))[:MAX_EVIDENCE]
    ]
    head = '<tr><th>Measured</th><th>Value</th><th class="source">Source</th></tr>\n'
    return f"<table>\n{head}{''.join(rows)}</table>" if rows else ""


def _cure(target: TargetReport, cause: Cause, os: str) -> str:
    if not cause.remedies:
        return "<h4>Cure</h4>\n<p>No remedy is known for this runtime.</p>"
    title = "Cure" if len(cause.remedies) == 1 else "Cure, one of"
    items = "".join(f"<li>{_remedy(remedy, target, os)}</li>\n" for remedy in cause.remedies)
    return f"<h4>{title}</h4>\n<ol>\n{items}</ol>"


def _remedy(remedy: Remedy, target: TargetReport, os: str) -> str:
    risk = f' <span class="soft">({RISKS[remedy.risk]})</span>' if remedy.risk in RISKS else ""
    parts = [_said(remedy.say) + risk]
    for step in remedy.steps:
        lines = [escape(plain(line, 4000)) for line in step_lines(step, target.url, os)]
        if lines:
            parts.append(
                f"<p>{' '.join(lines)}</p>" if step.kind == "by-hand" else "<pre>" + "\n".join(lines) + "</pre>"
            )
        if step.undo:
            parts.append(f'<p class="soft">undo: {_said(step.undo)}</p>')
    return "\n".join(parts)


def _checks(report: Report) -> str:
    if not report.coverage.total:
        return ""
    rows = [
        f'<tr><td>{_said(check.id)}</td><td class="{escape(check.status)}">{escape(check.status)}</td>'
        f"<td>{_said(check.reason, 300)}</td></tr>\n"
        for target in report.targets
        for check in target.checks
    ]
    return (
        f"<details>\n<summary>Checks: {escape(coverage_line(report.coverage))}</summary>\n<table>\n"
        f"<tr><th>Check</th><th>Outcome</th><th>Why</th></tr>\n{''.join(rows)}</table>\n</details>"
    )


def _footer(report: Report) -> str:
    tool = f"{report.tool.name} {report.tool.version}"
    told = f"{report.seconds:.1f} s at depth {report.depth}, started {report.started}, {tool}"
    note = report.redaction
    if note is None or note.level == "nothing":
        done = "Not redacted."
    else:
        counts = ", ".join(f"{number} {kind}" for kind, number in note.replaced.items()) or "nothing had to be replaced"
        done = f"Redacted at level {note.level}. Places: {counts}."
    return f"<footer><p>{_said(told)}</p><p>{_said(done)}</p></footer>"
