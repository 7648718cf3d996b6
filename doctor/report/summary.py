"""A report in one line, and its findings in the order in which they matter: shared by the short formats."""

from collections.abc import Iterator

from doctor.model import Cause, Finding, Report, Severity, State, TargetReport
from doctor.text import one_line

MAX_NAMED = 3


def headline(report: Report) -> str:
    """What is wrong where, in one line without the state."""
    if not report.targets:
        return one_line(report.reason or "no model server was found", 300)
    told = [sentence for target in report.targets for sentence in sentences(target)]
    if told:
        more = f" (and {len(told) - MAX_NAMED} more)" if len(told) > MAX_NAMED else ""
        return one_line("; ".join(told[:MAX_NAMED]) + more, 600)
    looked = report.coverage.passed + report.coverage.failed
    if not looked:
        return "nothing could be evaluated"
    unseen = report.coverage.skipped + report.coverage.crashed
    return f"nothing wrong was found by {looked} checks, {unseen} could not be evaluated"


def sentences(target: TargetReport) -> list[str]:
    """The confirmed causes, then what none of them explains, worst first; of several servers with its address."""
    found = [(cause.severity, cause.title) for cause in target.causes if cause.verdict == "confirmed"]
    found += [(finding.severity, finding.summary) for finding in target.findings if open_finding(finding)]
    order = list(Severity)
    found.sort(key=lambda item: -order.index(item[0]))
    told = [one_line(text, 200).rstrip(".") for _, text in found]
    if not told and target.state is State.UNKNOWN:
        told = [one_line(target.reason or "nothing could be evaluated", 200)]
    return [f"{one_line(target.url, 100)}: {text}" for text in told]


def open_finding(finding: Finding) -> bool:
    """Whether it is worse than a note and no confirmed cause explains it."""
    return finding.severity is not Severity.NOTE and finding.explained_by is None


def cause_of(target: TargetReport, finding: Finding) -> Cause | None:
    """The cause that explains a finding."""
    return next((cause for cause in target.causes if cause.id == finding.explained_by), None)


def remedies(cause: Cause, limit: int = 3) -> Iterator[str]:
    """What would cure it, one sentence each."""
    for remedy in cause.remedies[:limit]:
        yield one_line(remedy.say, 300)
