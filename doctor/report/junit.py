"""JUnit XML: a suite for each target, a case for each check; what is wrong is a failure, what could not run an error.

Consumers differ in what they read: the message stands in the attribute and in the text, names are unique in a file, and
characters that XML 1.0 forbids are gone.
"""

import re
from xml.sax.saxutils import escape, quoteattr

from doctor.model import CheckReport, Finding, Report, Severity, Status, TargetReport
from doctor.report import Look
from doctor.report.summary import cause_of, remedies
from doctor.report.text import value_text
from doctor.text import one_line, plain

FORBIDDEN = re.compile("[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, look: Look | None = None) -> str:
    """One document."""
    suites = "".join(_suite(target, report.started) for target in report.targets) or _nothing(report)
    head = '<?xml version="1.0" encoding="UTF-8"?>\n'
    return f'{head}<testsuites name="llm-doctor" time="{report.seconds:.3f}">\n{suites}</testsuites>\n'


def _nothing(report: Report) -> str:
    error = f"<error message={_attribute(report.reason or 'no server was found')}/>"
    case = f'<testcase classname="llm-doctor" name="targets">{error}</testcase>'
    return f'<testsuite name="llm-doctor" tests="1" failures="0" errors="1" skipped="0">\n{case}\n</testsuite>\n'


def _suite(target: TargetReport, started: str) -> str:
    by_check = findings_by_check(target)
    cases = "".join(_case(target, check, by_check.get(check.id, [])) for check in target.checks)
    count = {status: sum(check.status is status for check in target.checks) for status in Status}
    seconds = sum(check.seconds for check in target.checks)
    return (
        f'<testsuite name={_attribute(target.url)} timestamp={_attribute(started[:19])} tests="{len(target.checks)}" '
        f'failures="{count[Status.FAILED]}" errors="{count[Status.CRASHED]}" skipped="{count[Status.SKIPPED]}" '
        f'time="{seconds:.3f}">\n'
        f"{cases}</testsuite>\n"
    )


def findings_by_check(target: TargetReport) -> dict[str, list[Finding]]:
    """Findings under the check that can raise their symptom."""
    from doctor.plugins import bundled_checks

    raised_by = {symptom.id: check.id for check in bundled_checks() for symptom in check.symptoms}
    found: dict[str, list[Finding]] = {}
    for finding in target.findings:
        if finding.severity is not Severity.NOTE:
            found.setdefault(raised_by.get(finding.symptom, ""), []).append(finding)
    return found


def _case(target: TargetReport, check: CheckReport, findings: list[Finding]) -> str:
    inner = ""
    if check.status is Status.FAILED:
        message = "; ".join(one_line(finding.summary, 300) for finding in findings) or f"the check {check.id} failed"
        text = "\n".join(line for finding in findings for line in _lines(target, finding)) or message
        kind = max((finding.severity for finding in findings), key=list(Severity).index, default=Severity.WARNING)
        inner = f'<failure type="{kind}" message={_attribute(message)}>{_text(text)}</failure>'
    elif check.status is Status.CRASHED:
        inner = f"<error message={_attribute(check.reason)}>{_text(check.reason)}</error>"
    elif check.status is Status.SKIPPED:
        inner = f"<skipped message={_attribute(check.reason)}/>"
    names = f"classname={_attribute(target.url)} name={_attribute(check.id)}"
    return f'<testcase {names} time="{check.seconds:.3f}">{inner}</testcase>\n'


def _lines(target: TargetReport, finding: Finding) -> list[str]:
    lines = [f"[{finding.symptom}] {one_line(finding.summary, 600)}"]
    lines += [f"  {one_line(item.label)}: {value_text(item)}" for item in finding.evidence]
    cause = cause_of(target, finding)
    if cause:
        lines += [
            f"  cause: {one_line(cause.title, 300)} ({cause.id})",
            *(f"  cure: {text}" for text in remedies(cause)),
        ]
    return lines


def _text(text: str) -> str:
    return escape(FORBIDDEN.sub("", plain(text, 20_000)))


def _attribute(text: str) -> str:
    return quoteattr(FORBIDDEN.sub("", one_line(text, 1000)))
