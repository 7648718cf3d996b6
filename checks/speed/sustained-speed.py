"""The speed holds for a minute.

What: decode rates of four windows of fifteen seconds in a row, each at about the same depth of context.

Why: heat and power limits often bite only after half a minute, and other programs come and go. A short test sees
neither.

How: prose at temperature 0, depth deep. The last window against the first shows a fall, the spread of all four a
restless machine.

Limits: a fast model is stopped after 600 tokens a window, so its minute is shorter. Which of heat, power and company
is at work is told by other checks.
"""

import statistics

from doctor.api import Context, Depth, Severity, SustainedSpeed, Symptom, Verdict, computed, probed, seen, verdict

DEPTH = Depth.DEEP
DEADLINE_S = 150.0
FALLS = Symptom(id="speed-falls", title="The model slows down while it works", semantic=True)
VARIES = Symptom(
    id="speed-varies", title="The speed varies from moment to moment", severity=Severity.NOTE, semantic=True
)
FALLEN = 0.85  # last window over first (probe P29)
RESTLESS = 0.15  # coefficient of variation
LONG_ENOUGH_S = 30.0  # heat and power limits take that long to bite


async def check(context: Context) -> Verdict:
    """Judge the fall first, then the spread."""
    speed = await context.fact(SustainedSpeed)
    rates = probed("rates of four windows", ", ".join(f"{rate:.1f}" for rate in speed.tok_s), "tok/s", "probe P29")
    share = computed("last window over first", round(speed.tok_s[-1] / speed.tok_s[0], 2), "", "rates")
    spread = computed("spread", round(statistics.pstdev(speed.tok_s) / statistics.fmean(speed.tok_s), 2), "", "rates")
    measured = [rates, share, spread]
    steps = sum(later < earlier for earlier, later in zip(speed.tok_s, speed.tok_s[1:], strict=False))
    falls = speed.tok_s[-1] < FALLEN * speed.tok_s[0] and steps == len(speed.tok_s) - 1
    if falls and speed.seconds >= LONG_ENOUGH_S:
        text = f"the rate fell from {speed.tok_s[0]:.1f} to {speed.tok_s[-1]:.1f} tok/s within {speed.seconds:.0f} s"
        return verdict(seen(FALLS, "decode rate", text, *measured))
    if isinstance(spread.value, float) and spread.value > RESTLESS:
        text = f"four windows in a row differ by {spread.value:.0%} of their mean"
        return verdict(seen(VARIES, "decode rate", text, *measured))
    return verdict(measured=measured)
