"""Conversations of unusual shape are accepted.

What: two user messages in a row; at depth deep also a system message in mid-conversation, and a greeting of the
assistant before the first question.

Why: clients send such conversations after an aborted answer or when they add instructions later. Templates that insist
on alternating roles make the server refuse them with status 400 or 500.

How: one request each, with a few tokens. What the answer says does not matter.

Limits: a server that merges the messages on its own passes, as it should.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Exchange,
    Finding,
    RoleShapes,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
REFUSED = Symptom(id="role-shape-refused", title="Two user messages in a row are refused")
OPENED = Symptom(id="assistant-first-refused", title="A conversation that the assistant opens is refused")
LATE = Symptom(id="late-system-refused", title="A system message in mid-conversation is refused")
REFUSALS = range(400, 501)
# Key, route, time and rate limits: nothing about the shape of the conversation.
OTHER_REASONS = {401, 403, 404, 408, 429}


async def check(context: Context) -> Verdict:
    """Judge the status of each conversation."""
    shapes = await context.fact(RoleShapes)
    first = status(shapes.two_users, "two user messages in a row")
    findings = [refusal(REFUSED, shapes.two_users, "two user messages in a row")]
    if shapes.late_system is not None:
        findings.append(refusal(LATE, shapes.late_system, "a system message after an answer"))
    if shapes.assistant_first is not None:
        findings.append(refusal(OPENED, shapes.assistant_first, "a conversation that the assistant opens"))
    if not any(findings) and not shapes.two_users.ok:
        raise Skip(f"the request failed for another reason ({shapes.two_users.error})")
    return verdict(*findings, measured=[first])


def status(exchange: Exchange, what: str) -> Evidence:
    """The status as evidence."""
    return probed(f"status for {what}", exchange.status, "", exchange.route)


def refusal(symptom: Symptom, exchange: Exchange, what: str) -> Finding | None:
    """The finding of a refusal, None when the request was accepted or failed for another reason."""
    if exchange.status not in REFUSALS or exchange.status in OTHER_REASONS:
        return None
    error = probed(f"answer to {what}", exchange.error, "", exchange.route)
    return seen(symptom, "roles", f"{what} gave HTTP {exchange.status}: {exchange.error}", error)
