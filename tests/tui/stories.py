"""Stored runs as the runner would tell them, built from the words of `doctor.model`; no clock time in them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from doctor.api import computed, probed, reported
from doctor.context import Target
from doctor.events import CheckBegan, CheckEnded, Event, RunBegan, RunEnded, TargetEnded, TargetKnown
from doctor.model import (
    Category,
    Cause,
    CheckReport,
    Coverage,
    Diagnosis,
    Finding,
    Remedy,
    Report,
    Result,
    Severity,
    State,
    Status,
    Step,
    TargetReport,
    Tool,
)
from doctor.tui.app import DoctorApp, Start
from doctor.tui.session import Clocks

STILL = Clocks(lambda: 0.0, lambda: "14:25:01")
URL = "http://127.0.0.1:11434"
MODEL = "qwen3:4b"

SHARE = reported("window asked for", 4096, "tokens", "GET /api/ps")
TRAINED = reported("window of the model", 40960, "tokens", "POST /api/show")
COUNTED = probed("prompt tokens counted by the server", 4096, "tokens", "long prompt")
EXPECTED = computed("prompt tokens sent", 11872, "tokens", "characters per token of the echo probe")
ON_GPU = reported("share of the model in GPU memory", 71.3, "%", "GET /api/ps")
RATE = probed("decode rate", 14.2, "tok/s", "decode probe")
BOUND = computed("bound at this memory bandwidth", 61.0, "tok/s", "bandwidth / bytes per token")

TRUNCATED = Finding(
    symptom="prompt-truncated",
    severity=Severity.CRITICAL,
    subject=MODEL,
    summary="The server read 4096 of the 11872 tokens that were sent; the rest was dropped without a word.",
    explained_by="context-too-small",
    evidence=(COUNTED, EXPECTED),
)
HEAD_LOST = Finding(
    symptom="canary-head-lost",
    severity=Severity.CRITICAL,
    subject=MODEL,
    summary="A number written at the head of a long prompt was not found again, one at its end was.",
    explained_by="context-too-small",
    evidence=(probed("number found at the head", value=False, source="canary probe"),),
)
OFFLOAD = Finding(
    symptom="gpu-partial-offload",
    severity=Severity.WARNING,
    subject=MODEL,
    summary="71 % of the model is in GPU memory, the rest is computed by the CPU.",
    explained_by="gpu-memory-too-small",
    evidence=(ON_GPU,),
)
SLOW = Finding(
    symptom="decode-below-bound",
    severity=Severity.WARNING,
    subject=MODEL,
    summary="14.2 tokens per second, where this memory allows 61.",
    explained_by="gpu-memory-too-small",
    evidence=(RATE, BOUND),
)
TEXT_CALL = Finding(
    symptom="tool-call-as-text",
    severity=Severity.WARNING,
    subject=MODEL,
    summary="The tool call came back as text in the answer instead of as a call.",
    evidence=(probed("calls in the answer", 0, "", "tool call probe"),),
)
LOOSE = Finding(
    symptom="replacement-characters",
    severity=Severity.WARNING,
    subject=MODEL,
    summary="3 of 214 characters of the answer are replacement characters.",
    evidence=(probed("replacement characters", 3, "", "echo probe"),),
)
NOTE = Finding(
    symptom="window-below-trained",
    severity=Severity.NOTE,
    subject=MODEL,
    summary="The window is 4096 tokens, the model was trained for 40960.",
    evidence=(SHARE, TRAINED),
)

WINDOW = Cause(
    id="context-too-small",
    verdict="confirmed",
    severity=Severity.CRITICAL,
    title="The context window is smaller than what is sent, and the beginning is dropped silently",
    because=("prompt-truncated",),
    explains=("canary-head-lost",),
    evidence=(COUNTED, EXPECTED),
    remedies=(
        Remedy(
            say="Ask for a larger window in every request that your client sends.",
            runtime="ollama",
            risk="reload",
            effect="The whole prompt is read; the model needs about 1.2 GiB more memory at 16384 tokens.",
            steps=(
                Step(
                    kind="request",
                    request={
                        "method": "POST",
                        "path": "/api/generate",
                        "body": {"model": MODEL, "options": {"num_ctx": 16384}},
                    },
                ),
            ),
        ),
        Remedy(
            say="Make the larger window the default of the server.",
            runtime="ollama",
            risk="restart",
            effect="All models are loaded with a window of 16384 tokens.",
            steps=(
                Step(
                    kind="edit",
                    edit={
                        "file": "/etc/systemd/system/ollama.service.d/override.conf",
                        "text": '[Service]\nEnvironment="OLLAMA_CONTEXT_LENGTH=16384"\n',
                    },
                ),
                Step(kind="run", command=("ollama", "stop", MODEL), undo=f"ollama run {MODEL}"),
                Step(kind="by-hand", text="Restart the server: sudo systemctl restart ollama"),
            ),
        ),
    ),
)
MEMORY = Cause(
    id="gpu-memory-too-small",
    verdict="confirmed",
    severity=Severity.WARNING,
    title="Part of the model runs on the CPU because it does not fit into GPU memory",
    because=("gpu-partial-offload",),
    explains=("decode-below-bound",),
    evidence=(ON_GPU, RATE, BOUND),
    remedies=(
        Remedy(
            say="Unload the other model first.",
            runtime="ollama",
            risk="reload",
            steps=(Step(kind="run", command=("ollama", "stop", "llama3:8b")),),
        ),
    ),
)
PARSER = Cause(
    id="tool-parser-missing",
    verdict="suspected",
    severity=Severity.WARNING,
    title="The server does not parse this model's tool calls",
    because=("tool-call-as-text",),
)

FINDINGS = {
    "prompt-accounting": TRUNCATED,
    "canary": HEAD_LOST,
    "offload": OFFLOAD,
    "decode-rate": SLOW,
    "tool-call": TEXT_CALL,
    "echo": LOOSE,
    "window": NOTE,
}
CATEGORIES = {
    "reachable": Category.CONNECT,
    "identity": Category.CONNECT,
    "gpu-memory": Category.MEMORY,
    "swap": Category.MEMORY,
    "offload": Category.SPEED,
    "window": Category.CONTEXT,
    "echo": Category.OUTPUT,
    "prompt-accounting": Category.CONTEXT,
    "canary": Category.CONTEXT,
    "decode-rate": Category.SPEED,
    "tool-call": Category.TOOLS,
    "embeddings": Category.RAG,
    "throttle": Category.SPEED,
}
REASONS = {"embeddings": "this server serves no embedding model", "throttle": "no GPU of this machine tells its clocks"}
CHECKS = tuple(CATEGORIES)


def result(check: str) -> Result:
    """What this check says in the story of the sick server."""
    finding = FINDINGS.get(check)
    if check in REASONS:
        return Result(id=check, category=CATEGORIES[check], status=Status.SKIPPED, reason=REASONS[check], seconds=0.1)
    worse = finding is not None and finding.severity is not Severity.NOTE
    return Result(
        id=check,
        category=CATEGORIES[check],
        status=Status.FAILED if worse else Status.PASSED,
        seconds=0.4,
        requests=1,
        evidence=finding.evidence if finding else (reported("answers", value=True, source="GET /"),),
        findings=(finding,) if finding else (),
    )


def diagnosis(results: Sequence[Result]) -> Diagnosis:
    """What these results mean in the story."""
    found = tuple(finding for r in results for finding in r.findings)
    seen = {finding.symptom for finding in found}
    causes = tuple(cause for cause in (WINDOW, MEMORY, PARSER) if seen.issuperset(cause.because))
    worst = max((f.severity for f in found), key=list(Severity).index, default=Severity.NOTE)
    states = {Severity.NOTE: State.OK, Severity.WARNING: State.WARNING, Severity.CRITICAL: State.CRITICAL}
    return Diagnosis(causes=causes, findings=found, ruled_out=("server-down", "model-missing"), state=states[worst])


def sick(url: str = URL, model: str = MODEL, checks: Sequence[str] = CHECKS) -> list[Event]:
    """A server with two causes, one suspicion, one finding without a cause and one note."""
    events: list[Event] = [
        RunBegan(targets=(Target(url=url, origin="port 11434", named=False),), checks=tuple(checks)),
        TargetKnown(url=url, runtime="ollama", version="0.12.3", model=model),
    ]
    results: list[Result] = []
    for check in checks:
        events.append(CheckBegan(url=url, check=check))
        results.append(result(check))
        events.append(CheckEnded(url=url, result=results[-1], diagnosis=diagnosis(results)))
    target = target_report(url, model, results, diagnosis(results))
    return [*events, TargetEnded(report=target), RunEnded(report=report_of(target))]


def healthy() -> list[Event]:
    """A server on which everything passed or could not be evaluated."""
    return sick(checks=[check for check in CHECKS if check not in FINDINGS])


def nothing() -> list[Event]:
    """No server at all."""
    empty = msgspec.structs.replace(report_of(), reason="no model server was found on the usual ports of this machine")
    return [RunBegan(targets=(), checks=CHECKS), RunEnded(report=empty)]


def under_way(until: str = "offload") -> list[Event]:
    """The sick server's story, broken off while a check runs."""
    events = sick()
    last = next(i for i, e in enumerate(events) if isinstance(e, CheckBegan) and e.check == until)
    return events[: last + 1]


def target_report(url: str, model: str, results: Sequence[Result], means: Diagnosis) -> TargetReport:
    """The report of one target."""
    fields = ("id", "category", "status", "reason", "seconds", "requests", "evidence")
    return TargetReport(
        url=url,
        runtime="ollama",
        version="0.12.3",
        model=model,
        state=means.state,
        checks=tuple(CheckReport(**{name: getattr(r, name) for name in fields}) for r in results),
        findings=means.findings,
        causes=means.causes,
        ruled_out=means.ruled_out,
    )


def report_of(*targets: TargetReport) -> Report:
    """The report over these targets."""
    statuses = [check.status for target in targets for check in target.checks]
    order = [State.CRITICAL, State.WARNING, State.OK, State.UNKNOWN]
    return Report(
        tool=Tool(version="0"),
        started="2026-01-31T14:25:01+00:00",
        seconds=14.2,
        state=min((target.state for target in targets), key=order.index, default=State.UNKNOWN),
        targets=targets,
        coverage=Coverage(
            passed=statuses.count(Status.PASSED),
            failed=statuses.count(Status.FAILED),
            skipped=statuses.count(Status.SKIPPED),
            total=len(statuses),
        ),
    )


def telling(events: Sequence[Event]) -> Start:
    """A run that tells these events; one without an end waits until it is stopped."""

    async def start(emit: Callable[[Event], None], stop: asyncio.Event) -> Report:
        for event in events:
            emit(event)
            await asyncio.sleep(0)
        if isinstance(events[-1], RunEnded):
            return events[-1].report
        await stop.wait()
        return report_of()

    return start


def app(events: Sequence[Event], first: str = "causes", **settings: object) -> DoctorApp:
    """The face on a stored run, with clocks that stand still."""
    start: Callable[..., Awaitable[Report]] = telling(events)
    return DoctorApp(start, clocks=STILL, first=first, **settings)
