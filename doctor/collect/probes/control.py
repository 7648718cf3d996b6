"""P03: questions that every instruct model answers, with answers of one word."""

import re

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.facts import ControlAnswers, Exchange

QUESTIONS = (
    ("12 + 30 = ? Answer with digits only.", "42"),
    ("Which of these is a colour: chair, blue, seven? One word.", "blue"),
    ("7 + 8 = ? Answer with digits only.", "15"),
)
ALWAYS_ASKED = 2  # the third only after a miss: two of three decide, one miss is noise (probe rules, section 5)
MAX_TOKENS = 8


async def collect_control_answers(context: Context) -> ControlAnswers:
    """Two answers, three when one of them is wrong."""
    await ready(context)
    await scorable(context)
    exchanges: list[Exchange] = []
    right: list[bool] = []
    for number, (question, answer) in enumerate(QUESTIONS):
        if number >= ALWAYS_ASKED and all(right):
            break
        exchange = await ask(
            context,
            "P03",
            [{"role": "user", "content": question}],
            max_tokens=MAX_TOKENS,
            stream=True,
            stop_after_s=STOP_AFTER_S,
        )
        exchanges.append(exchange)
        right.append(has_word(exchange.text, answer))
    return ControlAnswers(exchanges=tuple(exchanges), right=tuple(right))


def has_word(text: str, word: str) -> bool:
    """Whether the word stands in the text by itself, whatever its case."""
    return re.search(rf"(?<!\w){re.escape(word)}(?!\w)", text, re.IGNORECASE) is not None
