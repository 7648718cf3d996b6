"""`llm-doctor --plain`: what the full-screen view shows, as lines one after the other, for screen readers and logs.

Nothing is drawn over: each line is said once, when it is known. The report follows when the run is over.
"""

from doctor.cli import exits
from doctor.cli.output import put
from doctor.events import CheckEnded, Event, RunBegan, TargetEnded, TargetKnown
from doctor.model import Status
from doctor.runner import RunPlan
from doctor.text import one_line

EVERY = 10  # checks between two lines that say how far the run is


class Teller:
    """Turns events into lines."""

    def __init__(self) -> None:
        self.total = self.done = 0
        self.told: set[tuple[str, str]] = set()

    def hear(self, event: Event) -> None:
        """Say what is new."""
        for line in self.lines(event):
            put(line + "\n")

    def lines(self, event: Event) -> list[str]:
        """The lines for one event; most have none."""
        match event:
            case RunBegan():
                self.total = len(event.checks) * len(event.targets)
                return [f"Found {len(event.targets)} server{'' if len(event.targets) == 1 else 's'}."]
            case TargetKnown():
                who = f"{one_line(event.runtime, 40)} {one_line(event.version, 40)}".strip() or "not identified"
                model = f", model {one_line(event.model, 120)}" if event.model else ""
                return [f"Server {one_line(event.url, 200)}: {who}{model}."]
            case CheckEnded():
                return self._check(event)
            case TargetEnded():
                return [f"Server {one_line(event.report.url, 200)} is examined: {event.report.state.value}."]
        return []

    def _check(self, event: CheckEnded) -> list[str]:
        self.done += 1
        lines = [
            f"Finding, {finding.severity.value}: {one_line(finding.summary, 400)}"
            for finding in event.result.findings
            if event.result.status is Status.FAILED
        ]
        for cause in event.diagnosis.causes:
            if cause.verdict == "confirmed" and (event.url, cause.id) not in self.told:
                self.told.add((event.url, cause.id))
                lines.append(f"Cause confirmed, {cause.severity.value}: {one_line(cause.title, 400)}")
        if self.done % EVERY == 0:
            lines.append(f"{self.done} of {self.total} checks done.")
        return lines


def plainly(plan: RunPlan) -> int:
    """Run the plan and say everything; the exit code is that of the report, or of the signal that cut it short."""
    import asyncio

    from doctor.cli.check import accepted
    from doctor.cli.cleaning import Cleaner, Privacy
    from doctor.cli.follow import follow
    from doctor.report import Look, render

    put("Looking for model servers.\n" if not plan.targets else "Examining.\n")
    report, cut_short = asyncio.run(follow(plan, Teller().hear))
    report = accepted(report)
    cleaner = Cleaner("secrets", Privacy())
    put("\nReport\n" + cleaner.text(render(cleaner.report(report), "text", Look())))
    return exits.exit_code(report.state) if cut_short is None else cut_short
