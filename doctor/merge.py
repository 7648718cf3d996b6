"""Many reports as one view: each is read without its facts, counted and forgotten; a thousand fit in memory."""

from collections import Counter
from pathlib import Path
from typing import Any

import msgspec

from doctor.errors import ReportError
from doctor.model import SCHEMA_VERSION, Severity, State
from doctor.report import Look
from doctor.text import one_line

ORDER = [State.CRITICAL, State.UNKNOWN, State.WARNING, State.OK]
MAX_LISTED = 50


class SlimCause(msgspec.Struct, frozen=True):
    """What is read of a cause."""

    id: str
    verdict: str
    severity: Severity
    title: str


class SlimTarget(msgspec.Struct, frozen=True):
    """What is read of a target."""

    url: str
    runtime: str = ""
    version: str = ""
    model: str = ""
    state: State = State.UNKNOWN
    causes: tuple[SlimCause, ...] = ()


class SlimReport(msgspec.Struct, frozen=True):
    """What is read of a report; a file without a version and a state is none."""

    schema_version: str
    state: State
    started: str
    targets: tuple[SlimTarget, ...] = ()


class Row(msgspec.Struct, frozen=True):
    """One server of one report."""

    file: str
    started: str
    target: SlimTarget


class Fleet:
    """The reports so far."""

    def __init__(self) -> None:
        self.reports = 0
        self.rows: list[Row] = []
        self.states: list[State] = []
        self.causes: Counter[str] = Counter()
        self.about: dict[str, SlimCause] = {}
        self._decoder = msgspec.json.Decoder(SlimReport)

    def add(self, path: Path) -> str:
        """Count a file in; a sentence when it cannot be used."""
        try:
            report = self._read(path)
        except ReportError as error:
            return f"left out: {error}"
        self.reports += 1
        self.states.append(report.state)
        for target in report.targets:
            self.rows.append(Row(path.name, report.started, target))
            for cause in target.causes:
                if cause.verdict == "confirmed":
                    self.causes[cause.id] += 1
                    self.about.setdefault(cause.id, cause)
        return ""

    def _read(self, path: Path) -> SlimReport:
        """One report. Raises ReportError; what is unusual is read again by the careful reader, which says why."""
        from doctor.report.json import MAX_REPORT_BYTES, read_file

        name = one_line(str(path), 200)
        try:
            if path.stat().st_size > MAX_REPORT_BYTES:
                raise ReportError(f"{name} is larger than {MAX_REPORT_BYTES >> 20} MiB, which no report is")
            report = self._decoder.decode(path.read_bytes())
        except OSError as error:
            raise ReportError(f"{name} cannot be read: {error.strerror or error}") from error
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return msgspec.convert(msgspec.to_builtins(read_file(str(path))), SlimReport)
        if report.schema_version.partition(".")[0] != SCHEMA_VERSION.partition(".")[0]:
            raise ReportError(
                f"{name} has schema version {one_line(report.schema_version, 20)}; {SCHEMA_VERSION} is read"
            )
        return report

    @property
    def state(self) -> State:
        """The worst."""
        return min(self.states, key=ORDER.index, default=State.UNKNOWN)

    def ranked(self) -> list[tuple[SlimCause, int]]:
        """Causes by severity, then by how many servers have them."""
        order = list(Severity)
        found = [(self.about[id_], number) for id_, number in self.causes.items()]
        return sorted(found, key=lambda item: (-order.index(item[0].severity), -item[1], item[0].id))

    def worst(self) -> list[Row]:
        """Servers, the worst first."""
        return sorted(
            self.rows, key=lambda row: (ORDER.index(row.target.state), -len(row.target.causes), row.target.url)
        )

    def document(self) -> dict[str, Any]:
        """All of it as JSON-like data."""
        states = Counter(row.target.state.value for row in self.rows)
        return {
            "reports": self.reports,
            "servers": len(self.rows),
            "state": self.state.value,
            "states": {state.value: states[state.value] for state in ORDER},
            "causes": [
                {"id": c.id, "severity": c.severity.value, "title": c.title, "servers": n} for c, n in self.ranked()
            ],
            "targets": [
                {
                    "url": row.target.url,
                    "state": row.target.state.value,
                    "runtime": row.target.runtime,
                    "version": row.target.version,
                    "model": row.target.model,
                    "causes": [cause.id for cause in row.target.causes if cause.verdict == "confirmed"],
                    "started": row.started,
                    "file": row.file,
                }
                for row in self.worst()
            ],
        }


def as_text(fleet: Fleet, look: Look) -> str:
    """The ranking, then the servers that need somebody."""
    from doctor.report.page import Page

    page = Page(look)
    states = Counter(row.target.state for row in fleet.rows)
    told = ", ".join(f"{states[state]} {state}" for state in ORDER if states[state])
    page.add(f"{fleet.reports} reports, {len(fleet.rows)} servers: {told or 'none'}", "bold")
    if fleet.causes:
        page.gap()
        page.add("Causes, the worst and most frequent first", "underline")
    for cause, number in fleet.ranked():
        page.add(one_line(cause.title, 200), marker=f"{number:>5}  {cause.severity:<8}  ", tail=f"[{cause.id}]")
    sick = [row for row in fleet.worst() if row.target.state is not State.OK]
    if sick:
        page.gap()
        page.add("Servers, the worst first", "underline")
    for row in sick[:MAX_LISTED]:
        causes = ", ".join(cause.id for cause in row.target.causes if cause.verdict == "confirmed")
        page.add(
            one_line(row.target.url, 200), marker=f"{row.target.state:<8}  ", tail=causes or one_line(row.file, 80)
        )
    if len(sick) > MAX_LISTED:
        page.add(f"{len(sick) - MAX_LISTED} more in --format json", "dim")
    return page.text()
