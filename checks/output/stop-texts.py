"""The texts at which answers end are markers.

What: the stop texts that a model carries as defaults.

Why: an answer ends as soon as it would hold one of them, and what comes after is never written. A space or an ordinary
word cuts every answer, and the finish reason says "stop" as for a whole one.

How: the parameters of an Ollama model.

Limits: which texts are ordinary is a judgement; what clients send instead is not seen here.
"""

from doctor.api import AnswerDefaults, Context, Depth, Evidence, Finding, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
STOP = Symptom(id="stop-text-ordinary", title="Answers end at an ordinary piece of text")
MARKS = frozenset("<>[]{}|#:=_")  # what markers of templates and names of speakers are made of
SHORT = 2  # characters


async def check(context: Context) -> Verdict:
    """Look at each stop text by itself."""
    stops = (await context.fact(AnswerDefaults)).stops
    if not stops:
        return verdict(measured=[reported("stop texts that the model brings", 0)])
    known = [reported("stop text", repr(stop), "", "model parameters") for stop in stops]
    return verdict(*(stopped(one) for one, stop in zip(known, stops, strict=True) if ordinary(stop)), measured=known)


def ordinary(stop: str) -> bool:
    """Whether a stop text occurs in any answer: white space, one or two characters, a word in small letters."""
    bare = stop.strip()
    return bool(stop) and not MARKS & set(stop) and (len(bare) <= SHORT or (bare.isalpha() and bare.islower()))


def stopped(stop: Evidence) -> Finding:
    """Every answer ends where this text would stand."""
    return seen(STOP, "stop text", f"an answer ends as soon as it would hold {stop.value}", stop)
