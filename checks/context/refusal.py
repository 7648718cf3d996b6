"""A long prompt that fits is not refused.

What: the refusal of a prompt that fits the window as the server states it, and refusals that speak of tokens to keep.

Why: a server that keeps less than it says fails in the middle of work. One that wants to keep more of a prompt's head
than the window holds refuses an agent's very first message, because the system prompt and the tools alone are longer.

How: the answer to the long prompt of the canary; at depth deep also to one that is 5 % longer than the window.

Limits: what a client marks as kept is not seen here; the server's own words are the proof.
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
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
N_KEEP = Symptom(id="kept-tokens-exceed-window", title="More of the prompt is to be kept than the window holds")
BELOW = Symptom(id="refused-below-window", title="A prompt that fits the stated window is refused as too long")
KEEP = re.compile(r"n_keep|tokens to keep|keep.{0,30}(?:initial|first).{0,20}(?:prompt|tokens)", re.IGNORECASE)
LENGTH = re.compile(r"context|too (?:long|large)|exceed|maximum|n_ctx|\btokens\b", re.IGNORECASE)


async def check(context: Context) -> Verdict:
    """Judge the refusal of the long prompt, then of the over-long one."""
    canary = await context.fact(CanaryText)
    beyond = None
    with contextlib.suppress(Skip):
        beyond = (await context.fact(PromptAccounting)).over_length
    answers = [answer for answer in (canary.exchange, beyond) if answer is not None]
    measured = [probed(f"status for {e.sent_words} words", e.status, "HTTP", e.route) for e in answers]
    kept = next((answer for answer in answers if not answer.ok and KEEP.search(answer.error)), None)
    if kept is not None:
        severity = Severity.NOTE if kept is beyond else None
        text = f"a prompt of {kept.sent_words} words is refused: {kept.error}"
        return verdict(seen(N_KEEP, "prompt", text, probed("refusal", kept.error, "", kept.route), severity=severity))
    return verdict(below(canary), measured=measured)


def below(canary: CanaryText) -> Finding | None:
    """A refusal for its length of a prompt that fits the stated window with its answer."""
    answer: Exchange = canary.exchange
    fits = canary.window is not None and (canary.expected_tokens or 0) + answer.max_tokens < canary.window
    if answer.ok or answer.status not in (400, 413, 422, 500) or not fits or not LENGTH.search(answer.error):
        return None
    window = reported("context window", canary.window, "tokens", "the server")
    text = f"a prompt of {canary.expected_tokens:.0f} tokens is refused; the window is said to have {canary.window}"
    return seen(BELOW, "window", text, probed("refusal", answer.error, "", answer.route), window)
