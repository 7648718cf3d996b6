"""Which parts of a long text the model can still use.

What: four door codes at 2, 35, 65 and 97 % of a long text, asked for at its end.

Why: it shows where text is lost: at the head (a prompt that was cut), at the tail (a client or an embedder that cuts),
or in the middle (a model that was given everything and uses only the ends).

How: one request, temperature 0, codes drawn anew for every run. Lost parts count as a fault only where the server also
counted too few tokens; where no code came back then, the same text is sent with the question in front, because a cut
tail takes the question along. Where all tokens arrived, two or more misses lead to a short text and one of half length.

Limits: where all tokens arrived a miss is the model's own weakness and stays a note, but for a model of two billion
parameters or more that finds no code in two texts and few in a short one.
"""

from doctor.api import (
    CanaryText,
    Context,
    Depth,
    Finding,
    Needle,
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
HEAD = Symptom(id="canary-head-lost", title="The beginning of a long text does not reach the model")
TAIL = Symptom(id="canary-tail-lost", title="The end of a long text does not reach the model")
CUT_OUT = Symptom(id="canary-middle-cut", title="The middle of a long text is cut out before it reaches the model")
MIDDLE = Symptom(
    id="canary-middle-lost", title="The model uses the ends of a text only", severity=Severity.NOTE, semantic=True
)
BEYOND = Symptom(
    id="canary-beyond-reach", title="The model reads short texts, not long ones", severity=Severity.NOTE, semantic=True
)
ALL = Symptom(id="canary-all-lost", title="The model finds nothing in a text that it was given", semantic=True)

SHORT = 0.9  # of the expected tokens; below it a lost end is the server's doing
ENOUGH = 3  # of four codes: one miss is chance


async def check(context: Context) -> Verdict:
    """See which codes came back."""
    canary = await context.fact(CanaryText)
    exchange = canary.exchange
    if not exchange.ok:
        raise Skip(f"the long prompt was refused: {exchange.error}")
    if exchange.max_tokens == 1:
        raise Skip("the model is too slow or too broken to be asked for codes; the prompt's tokens were counted")
    if not exchange.text:
        raise Skip("the model spent its answer on thinking" if exchange.reasoning else "the answer is empty")
    found = [needle.found for needle in canary.needles]
    evidence = probed("codes found", f"{sum(found)} of {len(found)} in {canary.words} words", "", exchange.route)
    if sum(found) >= ENOUGH:
        return verdict(measured=[evidence])
    places = probed("depths found", depths(canary.needles))
    if (exchange.prompt_tokens or canary.words) >= SHORT * (canary.expected_tokens or canary.words):
        return verdict(weakness(canary, found), measured=[evidence, places])
    if not sum(found) and canary.question_first is not None:
        found = [needle.found for needle in canary.question_first]
        places = probed("depths found with the question in front", depths(canary.question_first))
    symptom = lost_part(found)
    if symptom is None:
        raise Skip("the prompt was cut, and the answer does not show where")
    message = f"Of four codes in a long text those at these depths came back: {places.value}"
    return verdict(seen(symptom, "long text", message, evidence, places))


def depths(needles: tuple[Needle, ...]) -> str:
    """Where the codes that were found stood, in the words of a report."""
    return ", ".join(f"{needle.depth:.0%}" for needle in needles if needle.found) or "none"


def lost_part(found: list[bool]) -> Symptom | None:
    """Which part of a text that arrived short is missing, None where the codes do not tell."""
    if found[0] and found[-1]:
        return None if all(found) else CUT_OUT
    return HEAD if found[-1] else TAIL if found[0] else None


def weakness(canary: CanaryText, found: list[bool]) -> Finding | None:
    """What misses mean in a text that arrived completely."""
    if not canary.repeats:
        raise Skip("codes were missed, and there was no budget to ask again")
    again = [sum(needle.found for needle in text.needles) for text in canary.repeats]
    evidence = probed("codes found in other texts", " and ".join(f"{n} of 4" for n in again), "", "probe canary")
    if not sum(found) and min(again) == 0 and again[0] < ENOUGH:
        small = Severity.NOTE if canary.small_model else None
        return seen(ALL, "long text", "None of four codes was found, in two texts", evidence, severity=small)
    if found[0] and found[-1]:
        return seen(MIDDLE, "long text", "Only codes at both ends of the text were found", evidence)
    if again[0] >= ENOUGH:
        return seen(BEYOND, "long text", f"{sum(found)} of 4 codes in {canary.words} words", evidence)
    return None
