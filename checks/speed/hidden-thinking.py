"""Most of what the model writes is an answer.

What: which share of the text that the model wrote in this run was visible answer, and which was reasoning.

Why: a hidden thought is decoded like everything else. At 40 tokens per second a thousand tokens of it are 25 seconds in
which nothing seems to happen, though the decode rate is fine.

How: characters of answers against characters of reasoning, over all short answers and the long one, thinking switched
off where a switch is known.

Limits: a note: it is how the model was made. A model that thinks by default and stops when told to shows nothing here,
but does in clients that do not send the switch.
"""

import contextlib

from doctor.api import (
    Context,
    ControlAnswers,
    DecodeSpeed,
    Depth,
    Exchange,
    ListAnswer,
    Severity,
    Skip,
    Symptom,
    Thinking,
    Verdict,
    percent,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
DOMINATES = Symptom(
    id="thinking-dominates", title="Most of what the model writes is hidden reasoning", severity=Severity.NOTE
)

VISIBLE_SHARE = 0.20  # the catalogue's share of the output
ANSWERS = 2  # one thought may be chance
CHARACTERS = 300  # of reasoning in all: less costs under two seconds on a slow machine


async def check(context: Context) -> Verdict:
    """Visible and hidden characters of the run."""
    asked = [answer for answer in await _answers(context) if answer.ok]
    hidden = sum(_hidden(answer) for answer in asked)
    visible = sum(len(answer.text) for answer in asked)
    if not hidden + visible:
        raise Skip("the model wrote nothing")
    share = visible / (hidden + visible)
    thought = [answer for answer in asked if _hidden(answer)]
    shown = probed("visible share of the output", round(share, 2), "", f"{len(asked)} answers")
    length = probed("characters of reasoning", hidden, "", f"{len(thought)} of {len(asked)} answers")
    if share >= VISIBLE_SHARE or len(thought) < ANSWERS or hidden < CHARACTERS:
        return verdict(measured=[shown, length])
    text = f"{percent(share)} of what the model wrote was answer, the rest reasoning that most clients hide"
    return verdict(seen(DOMINATES, "thinking", text, shown, length))


async def _answers(context: Context) -> list[Exchange]:
    """The answers of the run that have room for a thought."""
    found = [(await context.fact(Thinking)).exchange]
    with contextlib.suppress(Skip):
        found += (await context.fact(ControlAnswers)).exchanges
    with contextlib.suppress(Skip):
        found.append((await context.fact(ListAnswer)).exchange)
    with contextlib.suppress(Skip):
        found.append((await context.fact(DecodeSpeed)).exchange)
    return found


def _hidden(answer: Exchange) -> int:
    """Characters of reasoning, in its own field or between tags in the content."""
    tagged = len(answer.content) - len(answer.text) if "<think" in answer.content else 0
    return len(answer.reasoning) + tagged
