"""One check becomes one result, whatever it returns or raises."""

from doctor.check import Check
from doctor.contained import Contained
from doctor.context import Context
from doctor.errors import DoctorError, Skip
from doctor.model import Result, Status, Verdict
from doctor.text import plain


async def run_check(check: Check, context: Context) -> Result:
    """One check on given facts. Whatever a check raises becomes its result; nothing escapes but cancellation."""
    if check.broken:
        return _crashed(check, check.broken)
    with Contained() as crash:
        try:
            return _judged(check, await check.run(context))
        except Skip as skip:
            return skipped(check, skip.reason)
        except DoctorError as error:
            return skipped(check, str(error))
    return _crashed(check, crash.reason)


def _crashed(check: Check, reason: str) -> Result:
    return Result(id=check.id, category=check.category, status=Status.CRASHED, reason=reason)


def _judged(check: Check, verdict: object) -> Result:
    if not isinstance(verdict, Verdict):
        msg = f"a check returns a Verdict, not {type(verdict).__name__}"
        raise TypeError(msg)
    known = {symptom.id for symptom in check.symptoms}
    for finding in verdict.findings:
        if finding.symptom not in known:
            msg = f"finding {finding.symptom!r} is none of the check's symptoms"
            raise ValueError(msg)
    worse = any(finding.severity != "note" for finding in verdict.findings)
    return Result(
        id=check.id,
        category=check.category,
        status=Status.FAILED if worse else Status.PASSED,
        evidence=verdict.evidence,
        findings=verdict.findings,
    )


def skipped(check: Check, reason: str) -> Result:
    """The result of a check that has not judged anything, with the reason."""
    return Result(id=check.id, category=check.category, status=Status.SKIPPED, reason=plain(reason))
