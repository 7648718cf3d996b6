"""The words of a diagnosis: evidence, symptom, finding, verdict, cause, remedy, report.

All values are frozen and serialise to the JSON report, whose shape is a contract.
"""

import enum
from typing import Any

import msgspec

SCHEMA_VERSION = "1.0"


class Severity(enum.StrEnum):
    """How bad a finding is; a note never changes the state."""

    NOTE = "note"
    WARNING = "warning"
    CRITICAL = "critical"


class Status(enum.StrEnum):
    """What became of a check."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"
    CRASHED = "crashed"


class State(enum.StrEnum):
    """The headline of a target or a report."""

    OK = "ok"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"


class Depth(enum.StrEnum):
    """How much a run may do: `passive` never makes a model generate."""

    PASSIVE = "passive"
    QUICK = "quick"
    DEEP = "deep"

    def covers(self, needed: "Depth") -> bool:
        """Whether a run at this depth includes checks that need `needed`."""
        order = list(Depth)
        return order.index(self) >= order.index(needed)


class Category(enum.StrEnum):
    """The rooms of checks and playbooks, in the order in which causes are eliminated."""

    CONNECT = "connect"
    MEMORY = "memory"
    OUTPUT = "output"
    CONTEXT = "context"
    SPEED = "speed"
    TOOLS = "tools"
    RAG = "rag"


class Origin(enum.StrEnum):
    """Where a number comes from, most trusted first."""

    REPORTED = "reported"
    PROBED = "probed"
    COMPUTED = "computed"


class Value(msgspec.Struct, frozen=True, kw_only=True):
    """Settings shared by all values of this module."""


class Evidence(Value, frozen=True, kw_only=True):
    """One measured or reported value, and where it was read (`GET /api/ps`, `NVML`, `probe echo`)."""

    label: str
    value: str | int | float | bool | None
    unit: str = ""
    source: str = ""
    origin: Origin = Origin.REPORTED


class Symptom(Value, frozen=True, kw_only=True):
    """A sign that a check can raise, a constant in the check's file.

    A structural sign (marker leak, token count, wrong type) proves a fault with one observation. A semantic one
    (a wrong answer) waits until earlier causes are ruled out.
    """

    id: str
    title: str
    severity: Severity = Severity.WARNING
    semantic: bool = False


class Finding(Value, frozen=True, kw_only=True):
    """A symptom that was seen: on what, how bad, in one sentence with the numbers."""

    symptom: str
    severity: Severity
    subject: str
    summary: str
    explained_by: str | None = None
    evidence: tuple[Evidence, ...] = ()


class Verdict(Value, frozen=True, kw_only=True):
    """What one check says: what it measured, and the findings, none when all is well."""

    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()


class Result(Value, frozen=True, kw_only=True):
    """The outcome of one check on one target."""

    id: str
    category: Category
    status: Status
    reason: str = ""
    seconds: float = 0.0
    requests: int = 0
    evidence: tuple[Evidence, ...] = ()
    findings: tuple[Finding, ...] = ()


class Step(Value, frozen=True, kw_only=True):
    """One action of a remedy; `kind` says which of the other fields is used.

    A report holds `run`, `request`, `edit`, `restart` and `by-hand`. A playbook may also say what is wanted, as `flag`,
    `environment` or `modelfile`; `doctor.plan` turns that into the others for the machine at hand.
    """

    kind: str
    command: tuple[str, ...] = ()  # run: what is typed; restart: the server's command line with the change made
    before: tuple[str, ...] = ()  # restart: the command line as it is now, secrets masked
    environment: dict[str, str] = {}  # restart: variables that the server gets; "" takes one away
    request: dict[str, Any] | None = None
    edit: dict[str, str] | None = None  # file, text (all of it) or diff
    text: str = ""
    undo: str = ""
    undo_command: tuple[str, ...] = ()
    undo_request: dict[str, Any] | None = None
    flag: dict[str, str | int | float | bool] = {}  # option of the server -> value; true: given, false: taken away
    modelfile: dict[str, Any] | None = None  # Ollama: suffix of the copy's name, parameters, template, system
    model: str = ""  # the model is called so afterwards, and verified under this name
    automatic: bool = False  # `llm-doctor treat --apply` can do and undo it


class Remedy(Value, frozen=True, kw_only=True):
    """One way to cure a cause on one kind of runtime."""

    say: str
    runtime: str = "any"
    os: tuple[str, ...] = ()
    version: str = ""
    risk: str = "none"
    effect: str = ""
    needs: tuple[str, ...] = ()  # options of the server, one of which must be set; "!" before one that must not be
    steps: tuple[Step, ...] = ()

    @property
    def automatic(self) -> bool:
        """Whether `llm-doctor treat --apply` can carry it out: what is left by hand only follows its own steps."""
        by_itself = [step.automatic for step in self.steps]
        return self.risk != "global" and any(by_itself) and sorted(by_itself, reverse=True) == by_itself


class Cause(Value, frozen=True, kw_only=True):
    """A root cause, confirmed or suspected, with the symptoms that prove it and those it explains."""

    id: str
    verdict: str
    severity: Severity
    title: str
    because: tuple[str, ...] = ()
    explains: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    verify: tuple[str, ...] = ()  # checks to run again after a remedy


class Diagnosis(Value, frozen=True, kw_only=True):
    """What the results of one target mean."""

    causes: tuple[Cause, ...] = ()
    findings: tuple[Finding, ...] = ()
    ruled_out: tuple[str, ...] = ()
    state: State = State.UNKNOWN


class CheckReport(Value, frozen=True, kw_only=True):
    """A check's line in the report; its findings stand in the target's list."""

    id: str
    category: Category
    status: Status
    reason: str = ""
    seconds: float = 0.0
    requests: int = 0
    evidence: tuple[Evidence, ...] = ()


class Suppressed(Value, frozen=True, kw_only=True):
    """A symptom or cause that the user's settings accept until a day; it counts as a note."""

    id: str
    reason: str
    until: str


class TargetReport(Value, frozen=True, kw_only=True):
    """All that was found out about one server."""

    url: str
    runtime: str = ""
    version: str = ""
    model: str = ""
    state: State = State.UNKNOWN
    reason: str = ""
    again: tuple[str, ...] = ()  # the command that examines an index again; empty for a server
    checks: tuple[CheckReport, ...] = ()
    findings: tuple[Finding, ...] = ()
    causes: tuple[Cause, ...] = ()
    ruled_out: tuple[str, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()
    facts: dict[str, Any] = {}


class Coverage(Value, frozen=True, kw_only=True):
    """How many checks reached which outcome."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0
    crashed: int = 0
    total: int = 0


class Tool(Value, frozen=True, kw_only=True):
    """The program that wrote a report."""

    name: str = "llm-doctor"
    version: str = ""


class Redaction(Value, frozen=True, kw_only=True):
    """What was taken out of a saved report: `level` all, secrets or nothing; `replaced` places by kind."""

    level: str
    replaced: dict[str, int] = {}
    content: str = "left out"  # the user's prompts and documents: "left out" or "included"


class Report(Value, frozen=True, kw_only=True):
    """One run over all targets: the document behind every output format."""

    schema_version: str = SCHEMA_VERSION
    tool: Tool
    started: str
    seconds: float
    state: State
    depth: Depth = Depth.QUICK
    reason: str = ""
    host: dict[str, Any] = {}
    targets: tuple[TargetReport, ...] = ()
    coverage: Coverage = Coverage()
    redaction: Redaction | None = None  # None: not redacted, as in a run's own memory
