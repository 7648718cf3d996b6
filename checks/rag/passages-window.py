"""The passages fit into the window of the model that answers.

What: the size of the fetched passages together, against the window of the answering model.

Why: passages stand before the question. What does not fit is cut from the front by many servers, without a word, and
the model answers from what is left.

How: k times the median chunk of the sample, at 1.3 tokens a word, plus 300 for question and answer. The window is the
one that the server states for one request.

Limits: an estimate; with --depth deep the server's own count of tokens is used as well. Only a typical prompt that does
not fit is reported, not a rare long one.
"""

from doctor.api import (
    Answering,
    Context,
    Depth,
    Index,
    IndexChunks,
    Symptom,
    Verdict,
    computed,
    reported,
    seen,
    verdict,
)

SUBJECT = "index"
DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0
OVER = Symptom(id="passages-over-window", title="The fetched passages do not fit the model's window")

TOKENS_PER_WORD = 1.3  # English in common vocabularies; other languages have more
AROUND = 300  # tokens of question, instruction and answer


async def check(context: Context) -> Verdict:
    """Add up."""
    index = await context.fact(Index)
    chunks = await context.fact(IndexChunks)
    answering = await context.fact(Answering)
    tokens = round(index.k * chunks.words_median * TOKENS_PER_WORD + AROUND)
    measured = [
        computed(
            "tokens of a typical prompt", tokens, "tokens", f"{index.k} passages of {chunks.words_median:.0f} words"
        ),
        reported("context window", answering.window, "tokens", answering.source),
    ]
    if tokens <= answering.window:
        return verdict(measured=measured)
    summary = f"{index.k} passages take about {tokens} tokens, and the window has {answering.window}"
    return verdict(seen(OVER, answering.model, summary, *measured), measured=measured)
