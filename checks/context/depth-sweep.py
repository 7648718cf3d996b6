"""The model can use the whole window.

What: codes in texts that fill a quarter, half, three quarters and nearly all of the window.

Why: the window that a model is served with is often larger than what it can use: it finds facts in short texts and
misses them in long ones, or turns to nonsense beyond some length.

How: four codes in each text, temperature 0, depth deep. Three of four found is good; a text that arrived short is not
judged. Nonsense (floods, loops, salads) beyond a length that was fine below it points to wrong positions.

Limits: texts up to 16384 tokens. One text for each length, so the length at which recall falls is a rough one.
"""

from doctor.api import (
    CanaryText,
    Context,
    Depth,
    DepthSweep,
    Evidence,
    Severity,
    Skip,
    Symptom,
    Verdict,
    degeneration,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
DEADLINE_S = 240.0
FALLS = Symptom(
    id="recall-falls-with-length",
    title="Long texts are used worse than short ones",
    severity=Severity.NOTE,
    semantic=True,
)
NONSENSE = Symptom(id="nonsense-beyond-length", title="Beyond some length answers turn to nonsense")
ENOUGH = 3  # of four codes
COMPLETE = 0.98  # of the expected tokens


async def check(context: Context) -> Verdict:
    """Compare the shortest with the longer texts."""
    sweep = await context.fact(DepthSweep)
    judged = [(share, text) for share, text in zip(sweep.shares, sweep.texts, strict=True) if arrived(text)]
    if len(judged) < 2:
        raise Skip("fewer than two of the texts arrived whole, so lengths cannot be compared")
    measured = [line(share, text) for share, text in judged]
    (_, short), *longer = judged
    if degeneration(short.exchange.text).kind or found(short) < ENOUGH:
        return verdict(measured=measured)
    for share, text in longer:
        if kind := degeneration(text.exchange.text).kind:
            said = probed("answer", plain(text.exchange.text, 60), "", text.exchange.route)
            where = f"at {share:.0%} of the window the answer is a {kind}, with a shorter text it is none"
            return verdict(seen(NONSENSE, "long text", where, said, *measured))
    worst = [share for share, text in longer if found(text) < ENOUGH]
    if len(worst) < 2 and not (worst and worst[0] == longer[-1][0] and found(longer[-1][1]) == 0):
        return verdict(measured=measured)
    text = f"codes are found at {judged[0][0]:.0%} of the window and missed from {worst[0]:.0%} of it on"
    return verdict(seen(FALLS, "long text", text, *measured))


def arrived(text: CanaryText) -> bool:
    """Whether the whole text was counted and an answer came."""
    counted, expected = text.exchange.prompt_tokens or 0, text.expected_tokens or 0
    return text.exchange.ok and bool(text.exchange.text) and counted >= COMPLETE * expected


def found(text: CanaryText) -> int:
    """Codes in the answer."""
    return sum(needle.found for needle in text.needles)


def line(share: float, text: CanaryText) -> Evidence:
    """Codes found at one length."""
    label = f"codes found at {share:.0%} of the window"
    return probed(label, f"{found(text)} of {len(text.needles)}", "", f"{text.exchange.prompt_tokens} tokens")
