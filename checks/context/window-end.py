"""An answer that reaches the end of the window ends there.

What: an answer for which the prompt left too little room: how many tokens prompt and answer have together.

Why: a server that goes on has dropped the oldest part of the conversation in the middle of an answer. Rules and facts
vanish without an error, and some models turn to nonsense.

How: a text that leaves 48 tokens of the window, and a question for prose; depth deep. Together more tokens than the
window holds are proof.

Limits: windows up to 16384 tokens, and servers that count the tokens of their answers. A model that ends by itself
before the window does shows nothing.
"""

from doctor.api import (
    Context,
    Depth,
    Severity,
    Skip,
    Symptom,
    Verdict,
    WindowEnd,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
DEADLINE_S = 150.0
SLIDES = Symptom(
    id="window-slides", title="The beginning is dropped while an answer is written", severity=Severity.NOTE
)
NEAR = 4  # servers keep a token or two free


async def check(context: Context) -> Verdict:
    """Add up prompt and answer."""
    end = await context.fact(WindowEnd)
    written = end.exchange.completion_tokens or 0
    total = computed("prompt and answer together", end.prompt_tokens + written, "tokens", "usage of the answer")
    window = reported("context window", end.window, "tokens", "the server")
    answer = probed("how the answer ended", end.exchange.finish_reason or "cut by us", "", end.exchange.route)
    measured = [total, window, answer]
    if end.prompt_tokens + written > end.window:
        text = f"prompt and answer have {total.value} tokens, the window {end.window}: the oldest part was dropped"
        return verdict(seen(SLIDES, "window", text, *measured))
    if end.prompt_tokens + written < end.window - NEAR and end.exchange.finish_reason != "length":
        raise Skip("the model ended its answer before the window did")
    return verdict(measured=measured)
