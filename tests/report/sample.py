"""A report with one of everything: causes, open findings, a note, skipped and crashed checks."""

import msgspec

from doctor.model import (
    Category,
    Cause,
    CheckReport,
    Coverage,
    Evidence,
    Finding,
    Origin,
    Remedy,
    Report,
    Severity,
    State,
    Status,
    Step,
    TargetReport,
    Tool,
)

SIZE = Evidence(label="model size", value=8 << 30, unit="bytes", source="GET /api/ps")
SHARE = Evidence(label="share in GPU memory", value=0.37, source="GET /api/ps", origin=Origin.COMPUTED)
RATE = Evidence(label="decode rate", value=4.1333333, unit="tok/s", source="probe decode", origin=Origin.PROBED)

OFFLOAD = Finding(
    symptom="gpu-partial-offload",
    severity=Severity.WARNING,
    subject="llama3:8b",
    summary="37 % of llama3:8b is in GPU memory, the rest runs on the CPU",
    explained_by="does-not-fit",
    evidence=(SIZE, SHARE),
)
SLOW = Finding(
    symptom="decode-below-bound",
    severity=Severity.WARNING,
    subject="llama3:8b",
    summary="it writes 4.1 tokens per second, the memory allows 61",
    explained_by="does-not-fit",
    evidence=(RATE,),
)
TINY = Finding(
    symptom="window-tiny",
    severity=Severity.WARNING,
    subject="llama3:8b",
    summary="The window has 2048 tokens",
    evidence=(Evidence(label="window", value=2048, unit="tokens"),),
)
SHIFT = Finding(
    symptom="context-shift-on",
    severity=Severity.NOTE,
    subject="llama3:8b",
    summary="Context shift is on",
    evidence=(Evidence(label="context shift", value=True),),
)
REMEDY = Remedy(
    say="Free GPU memory",
    runtime="ollama",
    risk="reload",
    effect="All layers on the GPU",
    steps=(
        Step(kind="run", command=("ollama", "stop", "llama3:8b"), undo="ollama run llama3:8b"),
        Step(kind="request", request={"method": "POST", "path": "/api/generate", "body": {"model": "llama3:8b"}}),
        Step(kind="edit", edit={"file": "/etc/override.conf", "text": "[Service]\nEnvironment=A=1\n"}),
        Step(kind="by-hand", text="Start the app again."),
    ),
)
CONFIRMED = Cause(
    id="does-not-fit",
    verdict="confirmed",
    severity=Severity.WARNING,
    title="Part of the model runs on the CPU because it does not fit into GPU memory",
    because=("gpu-partial-offload",),
    explains=("decode-below-bound",),
    evidence=(SIZE, SHARE),
    verify=("offload",),
    remedies=(REMEDY,),
)
SUSPECTED = Cause(
    id="window-default",
    verdict="suspected",
    severity=Severity.WARNING,
    title="The window was never set",
    because=("window-tiny",),
)


def check(id_: str, status: Status, reason: str = "") -> CheckReport:
    """One check's line."""
    return CheckReport(id=id_, category=Category.SPEED, status=status, reason=reason)


NO_SLOTS = "Ollama does not say how many slots it has"
TARGET = TargetReport(
    url="http://127.0.0.1:11434/v1",
    runtime="ollama",
    version="0.12.3",
    model="llama3:8b",
    state=State.WARNING,
    checks=(
        check("offload", Status.FAILED),
        check("echo", Status.PASSED),
        check("busy", Status.SKIPPED, NO_SLOTS),
        check("slots", Status.SKIPPED, NO_SLOTS),
        check("threads", Status.CRASHED, "ZeroDivisionError: division by zero"),
    ),
    findings=(SLOW, OFFLOAD, TINY, SHIFT),
    causes=(SUSPECTED, CONFIRMED),
)
REPORT = Report(
    tool=Tool(version="0.1.0"),
    started="2026-11-23T19:00:00+00:00",
    seconds=12.345,
    state=State.WARNING,
    host={"System": {"os": "linux"}},
    targets=(TARGET,),
    coverage=Coverage(passed=1, failed=1, skipped=2, crashed=1, total=5),
)
NOTHING_FOUND = Report(
    tool=Tool(version="0.1.0"),
    started="2026-11-23T19:00:00+00:00",
    seconds=0.3,
    state=State.UNKNOWN,
    reason="no model server was found: looked at the usual ports of this machine",
)
HOSTILE = "\x1b[31mred\x1b]0;title\x07 \x9b2J[bold red]x[/bold red] \u202etxet\u200b \x00\x08 " + "日本語" * 40


def hostile() -> Report:
    """The report with every text that a server can choose replaced by one that attacks terminals."""
    bad = Evidence(label=HOSTILE, value=HOSTILE, unit=HOSTILE, source=HOSTILE)
    finding = msgspec.structs.replace(TINY, summary=HOSTILE, subject=HOSTILE, evidence=(bad,))
    remedy = Remedy(say=HOSTILE, steps=(Step(kind="by-hand", text=HOSTILE, undo=HOSTILE),))
    cause = msgspec.structs.replace(CONFIRMED, title=HOSTILE, evidence=(bad,), remedies=(remedy,))
    target = msgspec.structs.replace(
        TARGET,
        runtime=HOSTILE,
        version=HOSTILE,
        model=HOSTILE,
        reason=HOSTILE,
        findings=(finding, msgspec.structs.replace(OFFLOAD, summary=HOSTILE)),
        causes=(cause, SUSPECTED),
        checks=(check("x", Status.SKIPPED, HOSTILE),),
    )
    return msgspec.structs.replace(REPORT, targets=(target,), reason=HOSTILE)
