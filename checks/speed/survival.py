"""The server is still there after the questions.

What: whether the server answers a plain request after the long prompt, the prose and the other questions of this run.

Why: a server that dies or hangs on a long prompt or a tool call leaves everything after it unanswered. Those checks can
only be skipped, and without this one a server that was just lost would look fine.

How: waits for the questions of the other checks, then asks for what identified the server, twice if need be.

Limits: a server that is started again within a second by its supervisor is not missed; its log tells.
"""

import contextlib

from doctor.api import (
    CacheReuse,
    CanaryText,
    Context,
    ControlAnswers,
    DecodeSpeed,
    Depth,
    Identity,
    SchemaAnswer,
    Severity,
    Skip,
    StillThere,
    Symptom,
    ToolAnswer,
    ToolResult,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 170.0
LOST = Symptom(id="server-lost", title="The server went away while it was asked", severity=Severity.CRITICAL)
QUESTIONS = (ControlAnswers, DecodeSpeed, CanaryText, CacheReuse, ToolAnswer, ToolResult, SchemaAnswer)


async def check(context: Context) -> Verdict:
    """Wait for the questions, then look."""
    identity = await context.fact(Identity)
    for kind in QUESTIONS:
        with contextlib.suppress(Skip):
            await context.fact(kind)
    there = await context.fact(StillThere)
    answer = probed("answer after the questions", there.detail, "", there.route)
    if there.answers:
        return verdict(measured=[answer])
    text = f"{identity.name or 'the server'} answered at first and does not any more: {there.detail}"
    return verdict(seen(LOST, context.target.url, text, answer))
