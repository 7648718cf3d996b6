"""At temperature 0 the same question gets the same answer.

What: the beginning of a short prose text, asked for twice, and up to seven times where the two differ.

Why: a server that answers differently each time ignores the sampling that clients ask for, or computes something
different each time, as bad memory and some drivers do. Then no test of a prompt or a setting means anything.

How: 40 tokens at temperature 0 and a fixed seed. The answers after the first are compared with each other, because all
of them find the prompt in the cache; the first may differ a little by being computed in one piece. Three answers that
part from one another at their beginning are a warning.

Limits: a server that works on several requests at once may differ in a late word, or turn at one close decision; that
is a note. Sampling that is only a little warm may repeat itself on a question with one obvious answer.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Repeated,
    Severity,
    Symptom,
    Verdict,
    computed,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
VARY = Symptom(id="answers-vary", title="The same question at temperature 0 gets different answers")
PART_LATE = Symptom(
    id="answers-part-late", title="The same question is answered a little differently", severity=Severity.NOTE
)
ALIKE = 0.9  # similarity of the beginnings (probe P06); batching and kernels make tiny differences


async def check(context: Context) -> Verdict:
    """Judge the answers that found the prompt in the cache."""
    repeated = await context.fact(Repeated)
    similar = repeated.similarity if repeated.among is None else repeated.among
    alike = computed("similarity of two answers", round(similar, 2), "", "matching characters")
    if similar >= ALIKE:
        return verdict(measured=[alike])
    symptom, how = (VARY, "begin differently") if repeated.early else (PART_LATE, "are alike and not the same")
    many = f"{1 + len(repeated.repeats)} answers to one question at temperature 0"
    return verdict(seen(symptom, "sampling", f"{many} {how} (similarity {similar:.2f})", alike, *said(repeated)))


def said(repeated: Repeated) -> list[Evidence]:
    """The beginnings of the answers."""
    texts = [repeated.first, *(answer.said for answer in repeated.repeats)]
    return [
        probed(f"answer {n}", plain(text, 50) or "(empty)", "", "probe P06") for n, text in enumerate(texts, start=1)
    ]
