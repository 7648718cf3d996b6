"""P30, deep: six turns of small talk under three rules in the system text; each rule is judged by code."""

from typing import Any

from doctor.collect.probes.accounting import window_of
from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.model_size import is_small
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Exchange, Turn, Turns
from doctor.model import Depth

RULES = "Use at most five words, lowercase only, and end every answer with #."
TALK = (
    "Hello there.",
    "How are you today?",
    "Do you like music?",
    "What do cats eat?",
    "I am a bit tired.",
    "Goodbye for now.",
)
MAX_TOKENS = 24
MOST_WORDS = 5
END = "#"


async def collect_turns(context: Context) -> Turns:
    """Each answer becomes part of the conversation. Raises Skip below depth deep and on a refusal."""
    if context.depth is not Depth.DEEP:
        raise Skip("needs depth deep")
    await ready(context)
    await scorable(context)
    messages: list[dict[str, Any]] = [{"role": "system", "content": RULES}]
    turns: list[Turn] = []
    for text in TALK:
        messages.append({"role": "user", "content": text})
        answer = await ask(context, "P30", messages, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
        if not answer.ok:
            raise Skip(f"turn {len(turns) + 1} was refused ({answer.error})")
        if answer.only_thought or not answer.text:
            raise Skip("thinking took an answer, so its rules cannot be judged")
        turns.append(judged(answer))
        messages.append({"role": "assistant", "content": answer.text})
    return Turns(turns=tuple(turns), window=await window_of(context), small_model=await is_small(context))


def judged(answer: Exchange) -> Turn:
    """Which rules an answer keeps; the mark at its end is no word."""
    text = answer.text.strip()
    words = text.removesuffix(END).split()
    return Turn(exchange=answer, short=len(words) <= MOST_WORDS, lower=text == text.lower(), ended=text.endswith(END))
