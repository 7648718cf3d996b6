"""TAP version 14: a line for each check, its findings as a YAML block."""

import json

from doctor.model import CheckReport, Finding, Report, Status, TargetReport
from doctor.report import Look
from doctor.report.junit import findings_by_check
from doctor.report.summary import cause_of
from doctor.text import one_line


def render(report: Report, look: Look | None = None) -> str:
    """Version, plan, results; a run that examined nothing bails out."""
    cases = [(target, check) for target in report.targets for check in target.checks]
    if not cases:
        return f"TAP version 14\n1..0 # SKIP {_plain(report.reason or 'nothing was examined')}\n"
    found = {id(target): findings_by_check(target) for target in report.targets}
    lines = ["TAP version 14", f"1..{len(cases)}"]
    for number, (target, check) in enumerate(cases, 1):
        lines += _result(number, target, check, found[id(target)].get(check.id, []))
    return "\n".join(lines) + "\n"


def _result(number: int, target: TargetReport, check: CheckReport, findings: list[Finding]) -> list[str]:
    ok = "not ok" if check.status in (Status.FAILED, Status.CRASHED) else "ok"
    line = f"{ok} {number} - {_plain(target.url)} {check.id}"
    if check.status is Status.SKIPPED:
        return [f"{line} # SKIP {_plain(check.reason)}"]
    if check.status is Status.CRASHED:
        return [line, "  ---", f"  message: {json.dumps(one_line(check.reason, 600))}", "  severity: crashed", "  ..."]
    if not findings:
        return [line]
    block = ["  ---", f"  message: {json.dumps('; '.join(one_line(f.summary, 300) for f in findings))}", "  findings:"]
    for finding in findings:
        cause = cause_of(target, finding)
        block += [f"    - symptom: {finding.symptom}", f"      severity: {finding.severity}"]
        block += [f"      cause: {json.dumps(cause.id)}"] if cause else []
    return [line, *block, "  ..."]


def _plain(text: str) -> str:
    """One line in which no sign means anything to a TAP reader."""
    return one_line(text, 300).replace("\\", "\\\\").replace("#", "\\#")
