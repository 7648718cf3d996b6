"""P07: is the system text read? By behaviour (a rule that shows in the answer) and by counting tokens."""

from typing import Any

from doctor.collect.probes.ask import ask, ready, who
from doctor.collect.probes.pace import STOP_AFTER_S, scorable
from doctor.context import Context
from doctor.errors import DoctorError, Skip
from doctor.facts import Exchange, SystemRole
from doctor.runtimes import adapter

RULE = "Always end every answer with the word KESTREL."
WORD = "kestrel"
USER = "Say hello."
PARAPHRASES = ("Greet me.", "Wish me a good morning.")
MAX_TOKENS = 24
# One hundred different common words: at least one token each in every vocabulary.
KNOWN_WORDS = (
    "apple river stone cloud table green seven north paper light water chair bread horse music glass wheel grass "
    "metal sugar plant house tiger round quick brown yellow winter summer garden window bridge forest island "
    "mountain valley flower animal doctor teacher market kitchen bottle letter number picture engine ticket "
    "pocket button candle basket ladder hammer needle thread cotton silver copper marble timber coffee butter "
    "cheese pepper carrot potato tomato banana cherry orange lemon melon grape onion garlic ginger honey salt rice "
    "corn wheat barley lamp clock radio phone camera screen pencil brush paint canvas drum flute violin guitar "
    "trumpet piano choir"
)
Messages = list[dict[str, Any]]


async def collect_system_role(context: Context) -> SystemRole:
    """The rule in the system text; on a miss the same rule in the user text; and the two token counts."""
    await ready(context)
    await scorable(context)
    without, with_words = await counted(context)
    in_user: Exchange | None = None
    in_system = await rule(context, "P07 A", [message("system", RULE), message("user", USER)])
    again: list[Exchange] = []
    if in_system.ok and not obeyed(in_system):
        in_user = await rule(context, "P07 B", [message("user", f"{RULE}\n{USER}")])
        if obeyed(in_user):
            # The rule works, so a single miss in the system text may be chance: two of three decide.
            again = [await rule(context, "P07 A", [message("system", RULE), message("user", u)]) for u in PARAPHRASES]
    return SystemRole(
        in_system=in_system,
        in_user=in_user,
        obeyed_in_system=obeyed(in_system),
        again=tuple(again),
        obeyed_again=tuple(obeyed(exchange) for exchange in again),
        obeyed_in_user=None if in_user is None else obeyed(in_user),
        tokens_without=without,
        tokens_with=with_words,
        system_words=len(KNOWN_WORDS.split()),
    )


async def rule(context: Context, purpose: str, messages: Messages) -> Exchange:
    """One answer to `USER` under the rule."""
    return await ask(context, purpose, messages, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)


def obeyed(exchange: Exchange) -> bool:
    """Whether the word of the rule is in the answer; where it stands does not matter here."""
    return WORD in exchange.text.lower()


async def counted(context: Context) -> tuple[int | None, int | None]:
    """Prompt tokens of the user text alone, and with one hundred known words as system text before it."""
    short = [message("user", USER)]
    long = [message("system", KNOWN_WORDS), *short]
    identity, _ = await who(context)
    adapted = adapter(identity)
    try:
        without, with_words = await adapted.count_tokens(context, short), await adapted.count_tokens(context, long)
    except (Skip, DoctorError):
        without = with_words = None
    if without is not None and with_words is not None:
        return without, with_words
    answers = [await ask(context, "P07 count", messages, max_tokens=1) for messages in (short, long)]
    counts = [answer.prompt_tokens if answer.ok else None for answer in answers]
    return counts[0], counts[1]


def message(role: str, content: str) -> dict[str, Any]:
    """One chat message."""
    return {"role": role, "content": content}
