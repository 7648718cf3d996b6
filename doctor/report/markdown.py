"""The report as Markdown: for an issue, a wiki, a chat, a step summary. What servers said stands in code only."""

import re
from textwrap import indent

from doctor.model import Cause, Evidence, Finding, Report, Severity, State, Status, TargetReport
from doctor.report import Look
from doctor.report.retrieval import chart, retrieval, told
from doctor.report.steps import step_lines
from doctor.report.summary import open_finding
from doctor.report.text import coverage_line, value_text
from doctor.text import one_line

SIGNS = {State.OK: "🟢", State.WARNING: "🟡", State.CRITICAL: "🔴", State.UNKNOWN: "⚪"}
MAX_EVIDENCE = 10


def render(report: Report, look: Look | None = None) -> str:
    """The whole page."""
    lines = [f"## {SIGNS[report.state]} llm-doctor: {report.state}", ""]
    if report.reason:
        lines += [_code(report.reason), ""]
    os = str((report.host.get("System") or {}).get("os", "")) if isinstance(report.host.get("System"), dict) else ""
    for target in report.targets:
        lines += _target(target, os)
    if report.coverage.total:
        lines += [f"Checks: {coverage_line(report.coverage)}.", ""]
    lines += _unseen(report)
    lines.append(f"<sub>{one_line(report.tool.name, 40)} {one_line(report.tool.version, 40)}, {_note(report)}</sub>")
    return "\n".join(lines) + "\n"


def _note(report: Report) -> str:
    told = f"{report.seconds:.1f} s at depth {report.depth}, {one_line(report.started, 40)}"
    if report.redaction is None or report.redaction.level == "nothing":
        return told + ", not redacted"
    return f"{told}, {sum(report.redaction.replaced.values())} places redacted (level {report.redaction.level})"


def _target(target: TargetReport, os: str) -> list[str]:
    name = f"{target.runtime or 'unidentified server'} {target.version}".strip()
    lines = [f"### {_code(name)} at {_code(target.url)}", ""]
    if target.model:
        lines += [f"Model {_code(target.model)}, state **{target.state}**", ""]
    if target.reason:
        lines += [_code(target.reason), ""]
    for cause in target.causes:
        if cause.verdict == "confirmed":
            lines += _cause(target, cause, os)
    suspected = [cause for cause in target.causes if cause.verdict != "confirmed"]
    if suspected:
        lines += ["**Suspected, not proven**", ""]
        lines += [
            f"- {_sentence(cause.title)} (`{cause.id}`), because of {', '.join(map(_code, cause.because))}"
            for cause in suspected
        ] + [""]
    open_ones = [finding for finding in target.findings if open_finding(finding)]
    notes = [finding for finding in target.findings if finding.severity is Severity.NOTE and not finding.explained_by]
    for title, found in (("Signs without a proven cause", open_ones), ("Notes", notes)):
        if found:
            lines += [f"**{title}**", "", *(f"- {_finding(finding)}" for finding in found), ""]
    return lines + _retrieval(target)


def _retrieval(target: TargetReport) -> list[str]:
    """Recall with each lever as a chart, and the worst questions by the ids of their passages."""
    section = retrieval(target.facts)
    if section is None:
        return []
    lines = [f"**Retrieval: {section.title}**", "", fenced("\n".join(chart(section.bars)), "text"), ""]
    for miss in section.missed:
        head, told_lines = told(miss, None)
        lines.append(f"- {_code(f'{head}: ' + '; '.join(told_lines))}")
    return [*lines, ""] if section.missed else lines


def _cause(target: TargetReport, cause: Cause, os: str) -> list[str]:
    seen = [
        finding for finding in target.findings if finding.explained_by == cause.id or finding.symptom in cause.because
    ]
    lines = [
        f"#### {cause.severity.upper()}: {_sentence(cause.title)} (`{cause.id}`)",
        "",
        *(f"- {_finding(f)}" for f in seen),
        "",
    ]
    lines += _table(cause.evidence or tuple(item for finding in seen for item in finding.evidence))
    for number, remedy in enumerate(cause.remedies, 1):
        lines += [f"{number}. {_sentence(remedy.say)}", ""]
        for step in remedy.steps:
            said = step_lines(step, target.url, os)
            text = _sentence(" ".join(said)) if step.kind == "by-hand" else fenced("\n".join(said))
            lines += [indent(text, "   "), ""] if said else []
    return lines


def _table(evidence: tuple[Evidence, ...]) -> list[str]:
    if not evidence:
        return []
    rows = [
        f"| {_cell(item.label)} | {_cell(value_text(item))} | {_cell(item.source)} |"
        for item in list(dict.fromkeys(evidence))[:MAX_EVIDENCE]
    ]
    return ["| measured | value | source |", "| --- | --- | --- |", *rows, ""]


def _finding(finding: Finding) -> str:
    return f"{_code(finding.summary)} (`{finding.symptom}`)"


def _unseen(report: Report) -> list[str]:
    grouped: dict[str, list[str]] = {}
    for target in report.targets:
        for check in target.checks:
            if check.status in (Status.SKIPPED, Status.CRASHED):
                grouped.setdefault(check.reason, []).append(check.id)
    if not grouped:
        return []
    lines = [
        f"- {_code(reason or 'no reason given')}: {', '.join(dict.fromkeys(ids))}" for reason, ids in grouped.items()
    ]
    return [
        "<details><summary>Not evaluated, which says nothing good or bad</summary>",
        "",
        *lines,
        "",
        "</details>",
        "",
    ]


def _code(text: str) -> str:
    """Text in which nothing is markup, a mention or a link."""
    clean = one_line(text, 600) or " "
    longest = max((len(run) for run in re.findall(r"`+", clean)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if clean.startswith("`") or clean.endswith("`") else ""
    return f"{ticks}{pad}{clean}{pad}{ticks}"


def _cell(text: str) -> str:
    return _code(text).replace("|", "\\|") if text else ""


def _sentence(text: str) -> str:
    return re.sub(r"([<>@#*_`\[\]])", r"\\\1", one_line(text, 600))


def fenced(text: str, language: str = "shell") -> str:
    """A block whose fence is longer than what it holds."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    ticks = "`" * max(3, longest + 1)
    return f"{ticks}{language}\n{text}\n{ticks}"
