"""Whether the embedding model reads long texts to the end.

What: two long texts that are the same up to a point and about different things after it.

Why: an embedder that cuts its input gives the same vector for both. Then only the beginning of each chunk can be found,
and no error says so.

How: both texts and a short control go out in one batch: 600 common words and 300 different ones at depth quick, up to
6700 words at depth deep, and never more than the model's own window where the server states it. Every word is at least
one token, so a cut at 512 tokens lies before the difference. A cosine above 0.9999 proves the cut; four more requests
halve the text to find where it is.

Limits: a limit above the tried size is not found. A refusal that names the limit is honest and only noted, unless the
limit that it names is below what chunks usually have. Where the
server does not state the model's window, a small model's own limit counts as well: the text is lost all the same.
"""

import re

from doctor.api import (
    Context,
    Depth,
    EmbeddingTruncation,
    Finding,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
TRUNCATED = Symptom(id="embedding-truncated", title="Long texts are embedded without their end")
OVERFLOW = Symptom(
    id="embedding-overflow-error", title="Long texts are refused by the embedder", severity=Severity.NOTE
)
NAMED_LIMIT = re.compile(r"(?:batch size|context size|maximum context length|limit)\D{0,20}(\d+)")
# Chunks of 1000 characters, the default of Open WebUI 0.6 and of LangChain's examples, have about 250 tokens.
USUAL_CHUNK_TOKENS = 250
SAME = 0.9999  # cosine of texts whose last third differs: real embedders give less than 0.99


async def check(context: Context) -> Verdict:
    """Compare the long texts at each size that was tried."""
    found = await context.fact(EmbeddingTruncation)
    if not found.trials and found.refused_at is None:
        raise Skip("no long text was embedded")
    measured = [
        probed(f"cosine, difference behind {words} words", round(cosine, 5), "", "probe E4")
        for words, cosine in sorted(found.trials.items())
    ]
    return verdict(truncated(found), overflow(found), measured=measured)


def truncated(found: EmbeddingTruncation) -> Finding | None:
    """The shortest text whose end made no difference."""
    words = min((words for words, cosine in found.trials.items() if cosine > SAME), default=None)
    if words is None:
        return None
    same = probed(f"cosine, difference behind {words} words", round(found.trials[words], 6), "", "probe E4")
    counted = probed("tokens counted for such a text", found.counted_tokens, "tokens", "usage of the answer")
    limit = probed("words that are read, about", found.read_words, "words", "halving the text")
    read = found.read_words or words
    summary = f"Two texts that differ after {read} words get the same vector: what follows is not read"
    more = [limit] * bool(found.read_words) + [counted] * bool(found.counted_tokens)
    return seen(TRUNCATED, found.model, summary, same, *more)


def overflow(found: EmbeddingTruncation) -> Finding | None:
    """An honest refusal of a long text; a fault where it would meet chunks of the usual size too."""
    if found.refused_at is None:
        return None
    named = NAMED_LIMIT.search(found.error)
    small = named is not None and int(named[1]) < USUAL_CHUNK_TOKENS
    error = probed(f"answer to {found.refused_at * 3 // 2} words", found.error, "", "probe E4")
    text = f"A text of {found.refused_at * 3 // 2} words is refused: {found.error}"
    return seen(OVERFLOW, found.model, text, error, severity=Severity.WARNING if small else None)
