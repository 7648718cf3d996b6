"""At temperature 0 the same question gets the same answer.

What: the beginning of a short prose text, asked for twice, and a third time where the two differ.

Why: a server that answers differently each time ignores the sampling that clients ask for, or computes something
different each time, as bad memory and some drivers do. Then no test of a prompt or a setting means anything.

How: 24 tokens at temperature 0 and a fixed seed. The second and the third answer are compared, because both find the
prompt in the cache; the first may differ a little by being computed in one piece.

Limits: a server that works on several requests at once may differ in a late word; only texts that part early count.
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
ALIKE = 0.9  # similarity of the beginnings (probe P06); batching and kernels make tiny differences
FAR_APART = 0.7


async def check(context: Context) -> Verdict:
    """Judge the last two answers."""
    repeated = await context.fact(Repeated)
    similar = repeated.similarity if repeated.third_similarity is None else repeated.third_similarity
    alike = computed("similarity of two answers", round(similar, 2), "", "matching characters")
    if similar >= ALIKE:
        return verdict(measured=[alike])
    answers = said(repeated)
    early = similar < FAR_APART and repeated.similarity < FAR_APART
    text = f"three answers to one question at temperature 0 begin differently (similarity {similar:.2f})"
    return verdict(seen(VARY, "sampling", text, alike, *answers, severity=None if early else Severity.NOTE))


def said(repeated: Repeated) -> list[Evidence]:
    """The beginnings of the answers."""
    texts = [repeated.first, repeated.again.content, *([repeated.third.content] if repeated.third else [])]
    return [probed(f"answer {n}", plain(text, 50), "", "probe P06") for n, text in enumerate(texts, start=1)]
