"""The window holds what retrieval sends.

What: whether five passages of usual size, a question and an answer fit into the window, and what the server does with
them where they do not.

Why: retrieval puts passages before the question. A server that cuts the front of a long prompt throws them away first,
and the model says that no document was given.

How: a window of 3000 tokens or more holds them. For a smaller one, one prompt of about 2200 tokens with a code in each
passage; fewer tokens counted than words were sent is a cut without a word.

Limits: passages of another size or number need another window; 400 tokens each, the best five, is common.
"""

from doctor.api import (
    Context,
    Depth,
    Passages,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
CUT = Symptom(id="passages-cut", title="Retrieved passages are cut away without a word", severity=Severity.WARNING)
REFUSED = Symptom(id="passages-refused", title="Five passages do not fit the window", severity=Severity.NOTE)


async def check(context: Context) -> Verdict:
    """Judge the window, or the answer to five passages."""
    passages = await context.fact(Passages)
    window = reported("context window", passages.window, "tokens", "the server")
    needed = computed("five passages and a question", round(passages.expected_tokens), "tokens", "probe passages")
    answer = passages.exchange
    if answer is None:
        return verdict(measured=[window, needed])
    if not answer.ok:
        status = probed("answer", f"HTTP {answer.status}: {answer.error}", "", answer.route)
        text = f"five passages of {passages.expected_tokens:.0f} tokens are refused: the window has {passages.window}"
        return verdict(seen(REFUSED, "window", text, window, needed, status))
    counted = probed("prompt tokens counted", answer.prompt_tokens, "tokens", answer.route)
    if answer.prompt_tokens is None:
        raise Skip("the server does not count prompt tokens")
    found = sum(needle.found for needle in passages.needles)
    codes = probed("passages whose code was found", f"{found} of {len(passages.needles)}", "", answer.route)
    if answer.prompt_tokens >= passages.words:
        return verdict(measured=[window, needed, counted, codes])
    text = f"of five passages with {passages.words} words the server read {answer.prompt_tokens} tokens"
    return verdict(seen(CUT, "prompt", text, counted, codes, window, needed))
