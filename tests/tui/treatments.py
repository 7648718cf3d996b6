"""Treatments and inquiries as they stand at one moment, for pictures and hostile text; no server, no journal."""

import asyncio
from pathlib import Path

import msgspec

from doctor.api import reported
from doctor.ask.answer import Asked, Likely
from doctor.ask.costs import Cost
from doctor.ask.questions import Question
from doctor.check import Check
from doctor.context import Target
from doctor.model import Category, Depth, Remedy, Status, Step
from doctor.treat.verdict import Judgement, Number, Outcome
from doctor.tui.questioning import Inquiry
from doctor.tui.screens.treat import TreatScreen
from doctor.tui.treating import Stage, Treatment, Wish
from tests.tui import stories

BEFORE = ("/opt/llama.cpp/llama-server", "-m", "/srv/models/qwen3-4b-q4_k_m.gguf", "--port", "8080", "-c", "4096")
REMEDY = Remedy(
    say="Give the server a window of 16384 tokens.",
    runtime="llama.cpp",
    risk="restart",
    effect="The whole prompt is read; the model needs about 1.2 GiB more memory.",
    steps=(
        Step(
            kind="restart",
            command=(*BEFORE[:-1], "16384"),
            before=BEFORE,
            flag={"-c": 16384},
            automatic=True,
        ),
        Step(kind="by-hand", text="If a service starts the server, write the new command there as well."),
    ),
)
AT_FIRST = Treatment(cause=stories.WINDOW, remedy=REMEDY, url="http://127.0.0.1:8080")
JOURNAL = Path("/home/me/.local/state/llm-doctor/treatments/20260131-142501-context-too-small-1bc6")
WINDOW = "window of one request"
NUMBERS = (
    Number(label=WINDOW, before=reported(WINDOW, 4096, "tokens"), after=reported(WINDOW, 16384, "tokens")),
    Number(label="slots", before=reported("slots", 1), after=reported("slots", 1)),
    Number(label="prompt tokens counted", before=stories.COUNTED, after=None),
)


def ended(outcome: Outcome, because: str) -> Treatment:
    """With this verdict."""
    return msgspec.structs.replace(
        AT_FIRST,
        stage=Stage.OVER,
        done=1,
        judgement=Judgement(outcome=outcome, because=because, numbers=NUMBERS),
        left=REMEDY.steps[1:],
        journal=JOURNAL,
        open=True,
    )


FIXED = ended(Outcome.FIXED, "none of the signs that proved it is left")
MOMENTS = {
    "looking": msgspec.structs.replace(AT_FIRST, now="check 4 of 10, window"),
    "asking": msgspec.structs.replace(AT_FIRST, stage=Stage.ASKING),
    "doing": msgspec.structs.replace(AT_FIRST, stage=Stage.DOING),
    "verifying": msgspec.structs.replace(AT_FIRST, stage=Stage.VERIFYING, done=1, now="check 4 of 10, window"),
    "fixed": FIXED,
    "unchanged": ended(Outcome.UNCHANGED, "the same signs are there: prompt-truncated"),
    "worse": ended(Outcome.WORSE, "echo passed before and does not now"),
    "failed": msgspec.structs.replace(
        AT_FIRST,
        stage=Stage.OVER,
        failed=True,
        says="The server was not ready after 300 s; the server runs again as it did before. Nothing is left changed.",
    ),
    "undone": msgspec.structs.replace(
        FIXED, open=False, undone=True, says="Taken back: everything is as it was before the treatment."
    ),
}


async def shown(app, pilot, state: Treatment) -> TreatScreen:
    """The treat screen at this moment. Its own examination ends at once: the story's cause is in no catalogue."""
    wish = Wish(cause=state.cause, remedy=state.remedy, target=Target(url=state.url))
    screen = TreatScreen(app.session, wish, "causes")
    app.push_screen(screen)
    while not screen.treating.over:
        await pilot.pause()
    at(screen, state)
    for _ in range(3):
        await pilot.pause()
    return screen


def at(screen: TreatScreen, state: Treatment) -> None:
    """Go to this moment."""
    asks = state.stage is Stage.ASKING
    screen.question = asyncio.get_running_loop().create_future() if asks else None
    screen.treating.state = state
    screen.changed()


async def never(_):
    raise AssertionError


CHECK = Check(
    id="template-render",
    category=Category.OUTPUT,
    title="The chat template renders what was sent",
    doc="x",
    depth=Depth.QUICK,
    symptoms=(),
    run=never,
    path=Path("x"),
)
LIKELY = (
    Likely(
        id="context-too-small",
        title="The context window is smaller than what is sent, and the beginning is dropped silently",
        score=0.8,
        because=("forgets", "the beginning"),
        verdict="confirmed",
    ),
    Likely(
        id="garbage-template-wrong",
        title="The chat template does not fit the model",
        score=0.5,
        because=("forgets",),
        verdict="ruled out",
    ),
    Likely(
        id="drift-context-shift",
        title="Long answers push the beginning of the conversation out",
        score=0.4,
        because=("the beginning",),
        verdict="not asked",
    ),
)
ASKED = (
    Asked(
        check="window",
        title="The window is as large as what is sent",
        depth="passive",
        requests=2,
        proves=("context-too-small",),
        status=Status.PASSED,
    ),
    Asked(
        check="prompt-accounting",
        title="The server reads every token of a long prompt",
        depth="quick",
        requests=3,
        proves=("context-too-small", "drift-context-shift"),
        status=Status.FAILED,
        found=("prompt-truncated",),
    ),
    Asked(
        check="canary",
        title="A number at the head of a long prompt is found again",
        depth="quick",
        requests=4,
        proves=("context-too-small",),
        settles=("garbage-template-wrong",),
        waiting=("context-too-small",),
        status=Status.SKIPPED,
        reason="no room for a long prompt",
    ),
)
COMPLAINT = "it forgets what I said at the beginning"
OPEN = tuple(msgspec.structs.replace(one, verdict="not asked") for one in LIKELY)
INQUIRIES = {
    "empty": Inquiry(),
    "likely": Inquiry(complaint=COMPLAINT, likely=OPEN),
    "under_way": Inquiry(
        complaint=COMPLAINT,
        likely=OPEN,
        asked=ASKED[:1],
        pending=Question(check=CHECK, cost=Cost(depth=Depth.QUICK, requests=4), proves=("garbage-template-wrong",)),
        running=True,
    ),
    "answered": Inquiry(
        complaint=COMPLAINT,
        likely=LIKELY,
        asked=ASKED,
        report=stories.sick()[-1].report,
        reason="The asking ended there. llm-doctor check looks for everything else.",
    ),
}


def inquired(app, state: Inquiry) -> None:
    """The ask screen at this moment; typing would compare the words anew."""
    screen = app.room("ask")
    field = screen.query_one("#complaint")
    with field.prevent(field.Changed):
        field.value = state.complaint.encode("utf-8", "replace").decode()[:200]
    screen.questioning.state = state
    if state.running or state.report:
        screen.query_one("#candidates").focus()
    screen.changed()
