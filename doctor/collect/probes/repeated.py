"""P06a: the prose of P13 begun again. At temperature 0 it must come out the same."""

import difflib
import itertools
from collections.abc import Sequence

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.decode_speed import MESSAGES
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Exchange, Repeated

# Of runs on a sampler at temperature 0.8 and 1, 0.7 % are taken for sound: counted over 600 answers of a small model
# that knows few sentences. With 24 tokens it was 6 %, with four repeats 7 %.
MAX_TOKENS = 40
MOST_REPEATS = 6
SAME = 3  # as many repeats that do not differ at all settle that only the first answer was computed otherwise
FEWEST_CHARACTERS = 20
FAR_APART = 0.7  # similarity below which two beginnings share little more than their letters


async def collect_repeated(context: Context) -> Repeated:
    """One more answer, up to six where they differ. Raises Skip where there is too little text to compare."""
    await ready(context)
    await scorable(context)
    first = await prose(context)
    repeats = [await begun(context)]
    similarity = alike(first, repeats[0])
    if similarity < 1:
        await go_on(context, first, repeats)
    among = [alike(one, other) for one, other in itertools.combinations(repeats, 2)]
    if similarity == 1 and len(repeats[0].said) < FEWEST_CHARACTERS:
        raise Skip("the prose is too short to be compared with a repeat")
    return Repeated(
        first=first.said[:400],
        repeats=tuple(repeats),
        similarity=similarity,
        among=min(among, default=None),
        early=parted_early([first, *repeats]),
    )


async def prose(context: Context) -> Exchange:
    """The text of P13, or its beginning where that was too short to measure a rate. Raises Skip on a refusal."""
    try:
        return (await context.fact(DecodeSpeed)).exchange
    except Skip:
        return await begun(context)


async def begun(context: Context) -> Exchange:
    """The same question with room for its beginning. Raises Skip on a refusal or an answer that broke off empty."""
    answer = await ask(context, "P06", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    if not answer.ok or not (answer.said or ended(answer)):
        raise Skip(f"the repeat brought no text to compare ({answer.error or 'it was cut short'})")
    return answer


async def go_on(context: Context, first: Exchange, repeats: list[Exchange]) -> None:
    """Ask until the repeats agree or part for certain, as far as the run can afford it. Raises Skip at one repeat."""
    while len(repeats) < MOST_REPEATS and not parted_early([first, *repeats]):
        if len(repeats) >= SAME and all(alike(repeats[0], other) == 1 for other in repeats):
            return
        try:
            repeats.append(await begun(context))
        except Skip:
            if len(repeats) == 1:
                raise
            return


def ended(answer: Exchange) -> bool:
    """Whether the model ended the answer itself, so that what is missing counts as a difference."""
    return answer.finish_reason == "stop" and not answer.stopped_early


def alike(one: Exchange, other: Exchange) -> float:
    """How much of two texts is the same, 0 to 1, up to where the shorter was cut by its limit."""
    shorter, longer = sorted((one, other), key=lambda answer: len(answer.said))
    length = None if ended(shorter) else len(shorter.said)
    return difflib.SequenceMatcher(None, shorter.said, longer.said[:length], autojunk=False).ratio()


def parted_early(answers: Sequence[Exchange]) -> bool:
    """Whether there are three answers of which each parts from both others at its beginning.

    Two are not enough: a server that computes a prompt now alone, now with others may turn at one close decision.
    """
    pairs = itertools.combinations(range(len(answers)), 2)
    far = {(one, other): alike(answers[one], answers[other]) < FAR_APART for one, other in pairs}
    return any(far[a, b] and far[a, c] and far[b, c] for a, b, c in itertools.combinations(range(len(answers)), 3))
