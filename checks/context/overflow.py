"""What the server does with a prompt that is too long.

What: the answer to the long prompt where it was refused or came back empty; at depth deep also the answer to a prompt
5 % longer than the window.

Why: an honest server refuses and names its limit. Others answer with nothing and HTTP 200, lose the user's own
message and then fail over it, or cut in silence: an agent goes quiet or mad at some length and nobody sees why.

How: status, error text, answer and counted tokens of those requests. A refusal that names a limit passes.

Limits: below depth deep the prompt is made to fit the stated window, so a server whose window is known shows only what
it does with prompts that fit.
"""

import contextlib
import re

from doctor.api import (
    CanaryText,
    Context,
    Depth,
    Exchange,
    Finding,
    PromptAccounting,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
EMPTY = Symptom(
    id="overflow-empty", title="A long prompt is answered with nothing and HTTP 200", severity=Severity.CRITICAL
)
USER_DROPPED = Symptom(
    id="user-turn-dropped", title="The server lost the user's own message of a long prompt", severity=Severity.CRITICAL
)
SILENT = Symptom(
    id="overflow-silent", title="A prompt longer than the window is cut without a word", severity=Severity.NOTE
)
LIMIT = re.compile(r"context|too (?:long|large)|exceed|maximum|n_ctx|n_keep|\btokens\b", re.IGNORECASE)
NO_USER = re.compile(r"no user (?:query|message|turn)", re.IGNORECASE)


async def check(context: Context) -> Verdict:
    """Judge the long prompt, and the over-long one where it was sent."""
    canary = await context.fact(CanaryText)
    beyond = None
    with contextlib.suppress(Skip):
        beyond = (await context.fact(PromptAccounting)).over_length
    asked = [exchange for exchange in (canary.exchange, beyond) if exchange is not None]
    unclear = next((e for e in asked if not e.ok and not (LIMIT.search(e.error) or NO_USER.search(e.error))), None)
    if unclear is not None:
        raise Skip(f"a prompt of {unclear.sent_words} words failed with HTTP {unclear.status}: {unclear.error}")
    measured = [probed(f"answer to {e.sent_words} words", outcome(e), "", e.route) for e in asked]
    findings = [finding(e, canary.small) for e in asked]
    if beyond is not None and beyond.ok and 0 < (beyond.prompt_tokens or 0) <= (canary.window or 0) and beyond.content:
        counted = probed("prompt tokens counted", beyond.prompt_tokens, "tokens", "usage of the answer")
        summary = f"A prompt 5 % longer than the window was answered after {beyond.prompt_tokens} tokens of it"
        findings.append(seen(SILENT, "prompt", summary, counted))
    return verdict(*findings, measured=measured)


def outcome(exchange: Exchange) -> str:
    """The answer in a few words."""
    if not exchange.ok:
        return f"refused with HTTP {exchange.status}: {exchange.error}"
    return f"{exchange.completion_tokens or 0} tokens" if exchange.content or exchange.reasoning else "nothing"


def finding(exchange: Exchange, small: Exchange | None) -> Finding | None:
    """An empty answer, or a message that the server lost; a short prompt must have been answered."""
    status = probed("HTTP status", exchange.status, "", exchange.route)
    words = f"A prompt of {exchange.sent_words} words"
    if not exchange.ok and NO_USER.search(exchange.error):
        return seen(USER_DROPPED, "prompt", f"{words} failed because the server had cut away its question", status)
    if not exchange.ok or exchange.content or exchange.reasoning or exchange.completion_tokens:
        return None
    if small is None or not (small.content or small.reasoning):
        raise Skip("short prompts are answered with nothing as well")
    return seen(EMPTY, "prompt", f"{words} got HTTP 200 and no text, while a short one is answered", status)
