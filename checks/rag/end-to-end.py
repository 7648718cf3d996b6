"""Questions are answered from the documents, from search to answer.

What: up to eight questions, each asked through your index and the model that answers.

Why: "it does not find it" is the search, the window or the model, and each has another cure.

How: the question is the second half of a sentence of a known chunk. The chunk was not fetched: the search. It was
fetched and the server counted fewer tokens than the prompt has words: the window. It arrived, and the same model
answers with that passage alone: the model, among several passages. It does not answer even then: reading is too hard
for it, which says nothing about retrieval.

Limits: eight questions; shares have wide intervals and are printed with them.
"""

from collections import Counter

from doctor.api import (
    Context,
    Depth,
    EndToEnd,
    Evidence,
    Finding,
    Index,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
    wilson,
)

SUBJECT = "index"
DEPTH = Depth.DEEP
DEADLINE_S = 600.0
CUT = Symptom(id="prompt-passages-cut", title="Passages do not reach the model that answers")
AMONG = Symptom(id="lost-among-passages", title="The model misses the right passage among others", semantic=True)
READING = Symptom(
    id="passages-unread", title="The model cannot answer from a passage alone", severity=Severity.NOTE, semantic=True
)

SEVERAL = 3  # of eight: fewer are chance
WORDS = {
    "right": "answered rightly",
    "search": "right passage not fetched",
    "window": "passages cut by the window",
    "model": "right passage missed among others",
    "reading": "not answered even from the passage alone",
}


async def check(context: Context) -> Verdict:
    """Lay each failure to its place."""
    await context.fact(Index)
    found = await context.fact(EndToEnd)
    if not found.asked:
        raise Skip("no question was asked")
    counts = Counter(one.outcome for one in found.asked)
    measured = [share(outcome, counts[outcome], len(found.asked)) for outcome in WORDS if counts[outcome]]
    return verdict(cut(found), among(found, counts, measured), reading(found, counts, measured), measured=measured)


def share(outcome: str, count: int, of: int) -> Evidence:
    """How many, with the interval of the share."""
    low, high = wilson(count, of)
    return probed(WORDS[outcome], count, f"of {of} ({low:.0%} to {high:.0%})", "questions from passages")


def cut(found: EndToEnd) -> Finding | None:
    """One prompt that did not arrive is proof."""
    lost = [one for one in found.asked if one.cut and one.rank]
    if not lost:
        return None
    one = lost[0]
    counted = probed("tokens counted", one.prompt_tokens, f"of a prompt of {one.prompt_words} words", "usage")
    words = one.refused or f"{one.prompt_tokens} tokens were counted for a prompt of {one.prompt_words} words"
    return seen(CUT, found.model, f"Passages do not reach the model: {words}", counted)


def among(found: EndToEnd, counts: Counter[str], measured: list[Evidence]) -> Finding | None:
    """Right alone, wrong among others."""
    if counts["model"] < SEVERAL:
        return None
    summary = f"{counts['model']} of {len(found.asked)} answers are missed among {found.k} passages and found alone"
    return seen(AMONG, found.model, summary, *measured)


def reading(found: EndToEnd, counts: Counter[str], measured: list[Evidence]) -> Finding | None:
    """A model that does not read is no fault of retrieval."""
    if counts["reading"] < SEVERAL:
        return None
    return seen(READING, found.model, f"{counts['reading']} answers are missed with the passage alone", *measured)
