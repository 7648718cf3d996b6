"""Plain text is text: no flood of one character, no endless loop, no salad of scripts.

What: the shape of two answers at temperature 0, a copied line and a short prose text: the longest run of one
character, repeated phrases, mixed scripts.

Why: a flood of one glyph means that the numbers inside the computation are no numbers any more, through a driver, a
backend or a broken file. A readable phrase that repeats points to sampling or to a damaged context. No other answer of
such a server can be trusted.

How: counting over the characters of the answers; thresholds are calibrated on prose, lists, loops and floods. A loop
is asked again with recommended sampling, because some sound models loop when decoding greedily.

Limits: fluent nonsense is not seen by counting letters; the control questions look for that.
"""

import contextlib

from doctor.api import (
    Context,
    DecodeSpeed,
    Depth,
    Echo,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    degeneration,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
FLOOD = Symptom(id="glyph-flood", title="The answer is one character over and over", severity=Severity.CRITICAL)
SALAD = Symptom(id="degenerate-output", title="The answer is a jumble of characters", severity=Severity.CRITICAL)
LOOP = Symptom(id="phrase-loop", title="The answer repeats one phrase")
GREEDY = Symptom(id="loop-only-when-greedy", title="The loop ends with recommended sampling", severity=Severity.NOTE)


async def check(context: Context) -> Verdict:
    """Judge the worst of the texts, and a flood also when the texts had to be cut short."""
    texts = [(await context.fact(Echo)).exchange.text]
    speed = None
    with contextlib.suppress(Skip):
        speed = await context.fact(DecodeSpeed)
        texts.append(speed.exchange.text)
    judged = [degeneration(text) for text in [*texts, "".join(texts)] if text]
    if not judged:
        raise Skip("there is no text to judge")
    worst = next((each for each in judged if each.kind), judged[0])
    sample = probed("answer", plain(max(texts, key=len), 60), "", "probes P02, P13")
    shape = [
        computed("longest run of one character", worst.longest_run, "characters", "count"),
        computed("repeated phrases", round(worst.repeated, 2), "", "share of word 4-grams seen before"),
    ]
    if not worst.kind:
        return verdict(measured=[*shape, sample])
    if worst.kind == "glyph-flood":
        flood = f"the answer is a run of {worst.longest_run} times {worst.run_character!r}"
        return verdict(seen(FLOOD, "plain text", flood, *shape, sample))
    if worst.kind == "salad":
        scripts = computed("scripts mixed", ", ".join(worst.scripts).lower(), "", "Unicode names")
        return verdict(seen(SALAD, "plain text", "the answer mixes scripts and broken characters", scripts, sample))
    loop = f"{worst.repeated:.0%} of the phrases in the answer are repeats; prose stays under 20 %"
    if speed is None or speed.sampled is None or degeneration(speed.sampled.text).kind:
        return verdict(seen(LOOP, "plain text", loop, *shape, sample))
    return verdict(seen(GREEDY, "plain text", f"{loop}; with temperature 0.6 there is no loop", *shape, sample))
