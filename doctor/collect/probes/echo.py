"""P02: a line with accents, Chinese characters and an emoji to be copied, streamed."""

import difflib
import unicodedata

from doctor.collect.probes.ask import ask, ready
from doctor.collect.probes.pace import STOP_AFTER_S
from doctor.context import Context
from doctor.facts import Echo, Exchange

LINE = "zebra 7 / café / 日本 / 🙂 / end-42"
MESSAGES = [
    {"role": "system", "content": "You copy text exactly."},
    {"role": "user", "content": f"Copy this line exactly, nothing else: `{LINE}`"},
]
MAX_TOKENS = 40
QUOTES = "`\"'“”„«»"
REPLACEMENT = "�"


async def collect_echo(context: Context) -> Echo:
    """The streamed copy; asked once more in one piece when the stream holds replacement characters."""
    await ready(context)
    streamed = await ask(context, "P02", MESSAGES, max_tokens=MAX_TOKENS, stream=True, stop_after_s=STOP_AFTER_S)
    unstreamed: Exchange | None = None
    if REPLACEMENT in streamed.content and similarity(streamed.text) >= 0.5:
        unstreamed = await ask(context, "P02 again", MESSAGES, max_tokens=MAX_TOKENS)
    return Echo(expected=LINE, exchange=streamed, similarity=similarity(streamed.text), unstreamed=unstreamed)


def similarity(text: str) -> float:
    """How much of the line came back, 0 to 1: of the whole answer or of its best line, quotes left out."""
    candidates = [text, *text.splitlines()[:8]]
    return max(_ratio(candidate) for candidate in candidates)


def _ratio(candidate: str) -> float:
    text = unicodedata.normalize("NFC", candidate).strip().strip(QUOTES).strip()[:400]
    return difflib.SequenceMatcher(None, LINE, text, autojunk=False).ratio()
