"""Different questions get different answers.

What: whether a line to copy, a sum, a colour and a list all got the very same text.

Why: a gateway, a filter or a broken backend may answer in the model's place, with HTTP 200 and a polite or an error
text. Clients show it as the model's words, and every test of the model tests something else.

How: the answers of the other probes, compared word for word. Nothing more is asked.

Limits: floods and loops look alike for other reasons and are judged by the check degeneration; empty answers by echo.
"""

import contextlib

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Echo,
    ListAnswer,
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

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
SAME = Symptom(id="same-answer-to-all", title="Every question gets the same answer", severity=Severity.CRITICAL)
ENOUGH = 3  # answers; two may be alike by chance
FEWEST_CHARACTERS = 8  # a word like "ok" may answer anything


async def check(context: Context) -> Verdict:
    """Compare the answers."""
    texts = [(await context.fact(Echo)).exchange]
    with contextlib.suppress(Skip):
        texts += (await context.fact(ControlAnswers)).exchanges
    with contextlib.suppress(Skip):
        texts.append((await context.fact(ListAnswer)).exchange)
    said = [exchange.text for exchange in texts if exchange.ok and exchange.text and not exchange.stopped_early]
    if len(said) < ENOUGH:
        raise Skip("too few answers came to compare them")
    different = probed("different answers", f"{len(set(said))} of {len(said)}", "", "probes P02-P04")
    # An answer limited to eight tokens is the beginning of the same text.
    shortest = min(said, key=len)
    same = all(text.startswith(shortest) for text in said)
    if not same or len(shortest) < FEWEST_CHARACTERS or degeneration(max(said, key=len)).kind:
        return verdict(measured=[different])
    sample = probed("answer", plain(max(said, key=len), 80), "", texts[0].route)
    text = f"{len(said)} different questions all got {plain(shortest, 40)!r}"
    return verdict(seen(SAME, "plain text", text, different, sample))
