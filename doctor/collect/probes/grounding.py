"""P25: three sourced passages, three questions that they answer and three that they do not; ids or NOT FOUND wanted.

Names and numbers are invented, so that no training data knows them.
"""

import re

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.model_size import is_small
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import GroundedItem, Grounding

PASSAGES = (
    ("K41", "The lighthouse of Ostrev was built in 1874 and is painted green and white."),
    ("M07", "The ferry to Ostrev leaves Halden at 6:40 and takes fifty minutes."),
    ("R29", "Visitors of the Ostrev museum pay nine crowns; children enter without charge."),
)
# Question, the passage that answers it ("" for none), and a word of the right answer.
QUESTIONS = (
    ("In which year was the lighthouse of Ostrev built?", "K41", "1874"),
    ("Who designed the lighthouse of Ostrev?", "", ""),
    ("When does the ferry to Ostrev leave Halden?", "M07", "6:40"),
    ("How much does the ferry to Ostrev cost?", "", ""),
    ("What do adult visitors of the Ostrev museum pay?", "R29", "nine"),
    ("On which day is the Ostrev museum closed?", "", ""),
)
RULES = (
    "Answer from the passages only. Give the answer in a few words, then the id of the passage in square brackets, "
    "such as [{id}]. If no passage holds the answer, reply with NOT FOUND and nothing else."
)
ANSWER_TOKENS = 40
CITED = re.compile(r"\[([A-Za-z]*\d+[A-Za-z]*)\]")
ABSTAINED = re.compile(r"not[\s_-]*found", re.IGNORECASE)
SPELLED = {"nine": ("nine", "9")}


async def collect_grounding(context: Context) -> Grounding:
    """Six questions, each asked alone. Raises Skip when the model cannot be asked."""
    await ready(context)
    items = []
    for question, right, word in QUESTIONS:
        exchange = await ask(context, "P25", messages(question), max_tokens=ANSWER_TOKENS)
        if not exchange.ok:
            raise Skip(f"a question with three passages was refused: {exchange.error}")
        items.append(judged(exchange.text, right, word))
    return Grounding(items=tuple(items), small_model=await is_small(context), route=exchange.route)


def messages(question: str) -> list[dict[str, str]]:
    """The passages and one question."""
    passages = "\n".join(f"[{id_}] {text}" for id_, text in PASSAGES)
    return [
        {"role": "system", "content": RULES.format(id=PASSAGES[0][0])},
        {"role": "user", "content": f"Passages:\n{passages}\n\nQuestion: {question}"},
    ]


def judged(text: str, right: str, word: str) -> GroundedItem:
    """What an answer says: right or not, abstained or not, and ids that no passage has."""
    cited = tuple(dict.fromkeys(found.upper() for found in CITED.findall(text)))
    known = {id_ for id_, _ in PASSAGES}
    abstained = bool(ABSTAINED.search(text))
    return GroundedItem(
        answerable=bool(right),
        abstained=abstained,
        right=bool(right) and not abstained and any(form in text.lower() for form in SPELLED.get(word, (word,))),
        cited=cited,
        invented=tuple(id_ for id_ in cited if id_ not in known),
        empty=not text,
    )
