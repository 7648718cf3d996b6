"""With thinking on, an answer comes in reasonable time.

What: a small product asked with thinking on: does an answer follow the thought, and how much of the text is hidden.

Why: a thought without an end, or one that nobody closes, gives empty answers with status 200. A thought that is many
times longer than the answer makes a fast model feel slow.

How: one request with 1024 tokens of room, depth deep.

Limits: one question; how long a model thinks depends on it. A long thought is the model's nature and only a note.
"""

from doctor.api import (
    Context,
    Depth,
    Severity,
    Skip,
    Symptom,
    ThinkingOn,
    Verdict,
    computed,
    percent,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
DEADLINE_S = 120.0
NO_ANSWER = Symptom(id="thought-without-answer", title="A thought ends without an answer")
MOSTLY = Symptom(id="thinking-hides-most", title="Most of an answer is hidden thinking", severity=Severity.NOTE)
MANY_TOKENS = 200  # for a small product: a shorter thought is hidden as well, and nobody waits for it
HIDDEN_SHARE = 0.8  # of the text: visible tokens under a fifth (failure catalogue, slow-thinking-hidden)


async def check(context: Context) -> Verdict:
    """Judge whether an answer came, then what was hidden."""
    thinking = await context.fact(ThinkingOn)
    answer = thinking.exchange
    tokens = probed("tokens with thinking on", answer.completion_tokens, "tokens", answer.route)
    if not answer.text:
        if answer.stopped_early or answer.finish_reason == "length":
            raise Skip(f"the thought was still going on after {answer.completion_tokens or answer.max_tokens} tokens")
        text = "the model ended its thought and the server sent no answer"
        return verdict(seen(NO_ANSWER, "thinking", text, tokens))
    share = computed("hidden part of the text", percent(thinking.hidden_share or 0.0), "", "characters")
    if (thinking.hidden_share or 0.0) <= HIDDEN_SHARE or (answer.completion_tokens or 0) < MANY_TOKENS:
        return verdict(measured=[tokens, share])
    text = f"{share.value} of the text for a small product is hidden thinking, {answer.completion_tokens} tokens in all"
    return verdict(seen(MOSTLY, "thinking", text, share, tokens))
