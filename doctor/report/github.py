"""GitHub Actions: annotations on standard output, and the page for the step summary where the runner asks for one."""

from doctor.model import Report, Severity
from doctor.report import Look
from doctor.report.summary import headline, open_finding, remedies
from doctor.text import one_line

# The runner shows ten annotations of a level and step; the page in the step summary holds everything.
MAX_ANNOTATIONS = 9
MAX_SUMMARY_BYTES = 1 << 20
LEVELS = {Severity.CRITICAL: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}
COMMANDS = {"ok": "notice", "warning": "warning", "critical": "error", "unknown": "error"}


def render(report: Report, look: Look | None = None) -> str:
    """The headline first, then the causes and what none of them explains, never more than are shown."""
    lines = [_annotation(COMMANDS[report.state], "llm-doctor", f"{report.state.upper()}: {headline(report)}")]
    for target in report.targets:
        for cause in target.causes:
            if cause.verdict == "confirmed":
                text = "\n".join([f"{cause.title} ({target.url})", *(f"cure: {say}" for say in remedies(cause))])
                lines.append(_annotation(LEVELS[cause.severity], cause.id, text))
        lines += [
            _annotation(LEVELS[finding.severity], finding.symptom, f"{one_line(finding.summary, 600)} ({target.url})")
            for finding in filter(open_finding, target.findings)
        ]
    shown = lines[:MAX_ANNOTATIONS]
    if len(lines) > len(shown):
        shown.append(_annotation("notice", "llm-doctor", f"{len(lines) - len(shown)} more in the step summary"))
    return "\n".join(shown) + "\n"


def _annotation(level: str, title: str, text: str) -> str:
    return f"::{level} title={_property(one_line(title, 120))}::{_data(text)}"


def _data(text: str) -> str:
    lines = [one_line(line, 600) for line in text.splitlines()]
    return "%0A".join(line.replace("%", "%25") for line in lines if line)


def _property(text: str) -> str:
    return text.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
