"""Five passages with a code each, as retrieval sends them: which of them reach the model.

Asked only where the window could be too small for such a prompt; a larger one holds it, whatever the server does.
"""

from doctor.collect.probes.accounting import count, lockers_and_scale, window_of
from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.canary import ANSWER_TOKENS
from doctor.collect.probes.locker_text import DEPTHS, LockerText, read_needles
from doctor.collect.probes.pace import scorable
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Passages

# Five chunks of 400 tokens, a question and room for an answer: common settings of retrieval (chunks of 300 to 500
# tokens, the best five of them).
TOKENS = 2200
# A window this large holds them with room to spare, so nothing has to be asked.
LARGE_WINDOW = 3_000


async def collect_passages(context: Context) -> Passages:
    """One request with one token of output where only tokens can be judged. Raises Skip without a known window."""
    await ready(context)
    window = await window_of(context)
    if window is None:
        raise Skip("the server does not say the size of its window")
    if window >= LARGE_WINDOW:
        return Passages(exchange=None, expected_tokens=TOKENS, window=window)
    await scorable(context)
    lockers, scale = await lockers_and_scale(context)
    text = passages(lockers.text(scale.blocks(TOKENS)))
    exchange = await ask(context, "passages", text.messages, max_tokens=ANSWER_TOKENS, deadline_s=90)
    exact = await count(context, text) if scale.exact else None
    return Passages(
        exchange=exchange,
        needles=read_needles(text, exchange.text),
        words=text.words,
        expected_tokens=exact or scale.tokens(text.blocks),
        window=window,
    )


def passages(text: LockerText) -> LockerText:
    """The same text as numbered passages, one code in each but the last."""
    body, question = text.prompt.split("\n\n")
    sentences = body.split(". ")
    size = -(-len(sentences) // (len(DEPTHS) + 1))
    parts = [". ".join(sentences[at : at + size]) for at in range(0, len(sentences), size)]
    numbered = "\n".join(f"[{number}] {part.removesuffix('.')}." for number, part in enumerate(parts, start=1))
    return LockerText(prompt=f"{numbered}\n\n{question}", needles=text.needles, blocks=text.blocks)
