"""P06a: the prose of P13 begun again. At temperature 0 it must come out the same."""

import difflib

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.decode_speed import MESSAGES
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Exchange, Repeated

MAX_TOKENS = 24
ALIKE = 0.9  # similarity; batching and kernels make tiny differences (rules of the probes)
FEWEST_CHARACTERS = 20


async def collect_repeated(context: Context) -> Repeated:
    """One more answer, two where the first differs. Raises Skip where there is no text to compare with."""
    await ready(context)
    await scorable(context)
    first = (await context.fact(DecodeSpeed)).exchange
    if first.only_thought or len(first.content) < FEWEST_CHARACTERS:
        raise Skip("the prose is too short to be compared with a repeat")
    again = await begun(context)
    similarity = alike(first.content, again.content)
    if similarity >= ALIKE:
        return Repeated(first=first.content[:400], again=again, similarity=similarity)
    third = await begun(context)
    return Repeated(
        first=first.content[:400],
        again=again,
        similarity=similarity,
        third=third,
        third_similarity=alike(again.content, third.content),
    )


async def begun(context: Context) -> Exchange:
    """The same question with room for its beginning. Raises Skip on a refusal or an empty answer."""
    answer = await ask(context, "P06", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    if not answer.ok or len(answer.content) < FEWEST_CHARACTERS:
        raise Skip(f"the repeat brought too little text to compare ({answer.error or 'it was cut short'})")
    return answer


def alike(one: str, other: str) -> float:
    """How much of the shorter text is the beginning of the other, 0 to 1."""
    length = min(len(one), len(other))
    return difflib.SequenceMatcher(None, one[:length], other[:length], autojunk=False).ratio()
