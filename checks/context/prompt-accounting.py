"""Whether the server reads the whole prompt.

What: the prompt tokens that the server counts for a long prompt, against the tokens that were sent.

Why: a server that cuts a prompt answers with HTTP 200 and a confident text. The beginning goes first, and that is
where instructions, tool definitions and documents stand. Lost context imitates a forgetful model, missing tools and
failed retrieval, so it is settled before any of them.

How: a text that fits the stated window is sent once. Its tokens are counted by the server's own tokeniser where there
is one, else predicted from two short texts of the same sentences. A cut is proven when an exact count disagrees, when
fewer tokens were counted than words were sent, or when a shorter prompt gives the very same count.

Limits: a prompt that is cut by less than a third passes without an exact count, unless the limit shows as the same
count twice. Text that a client cuts before sending is not seen here. A refusal is judged by the check `overflow`.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    PromptAccounting,
    Severity,
    Symptom,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
TRUNCATED = Symptom(
    id="prompt-truncated", title="The server cuts prompts without saying so", severity=Severity.CRITICAL
)
PINNED = Symptom(
    id="prompt-count-pinned",
    title="Prompts of different length are counted as the same number of tokens",
    severity=Severity.CRITICAL,
)

COMPLETE = 0.98  # of the expected tokens: both ways of counting agree to better than that
FEW_TOKENS = 16  # a template's own words may differ by this much between counting and asking
NEAR_LIMIT = 4  # tokens that servers keep free or add at the limit: window - 1, window / 2 + 2
SAME_COUNT = 2  # a limit counts to the token; two texts that merely come close differ by more


async def check(context: Context) -> Verdict:
    """Compare the tokens counted with those sent."""
    found = await context.fact(PromptAccounting)
    measured = [
        computed("prompt tokens sent", round(found.expected), "tokens", found.source),
        probed("words sent", found.at_least, "words", "the prompt itself"),
        probed("prompt tokens counted by the server", found.counted, "tokens", "usage of the answer"),
    ]
    if found.window is not None:
        measured.append(reported("context window", found.window, "tokens", "the server"))
    missing = found.expected - found.counted
    complete = found.counted >= COMPLETE * found.expected or missing <= FEW_TOKENS
    if complete and not at_limit(found):
        return verdict(measured=measured)
    return verdict(None if complete else cut(found, measured), pinned(found, measured), measured=measured)


def at_limit(found: PromptAccounting) -> bool:
    """Whether the count is what a cut prompt has: the whole window, or half of it (Ollama since 0.30.11)."""
    limits = (found.window, found.window // 2) if found.window else ()
    return any(abs(found.counted - limit) <= NEAR_LIMIT for limit in limits)


def cut(found: PromptAccounting, measured: list[Evidence]) -> Finding | None:
    """Fewer tokens than an exact count, or than words were sent: every word is at least one token."""
    if not found.exact and found.counted >= found.at_least:
        return None
    sent = f"{found.expected:.0f} tokens" if found.exact else f"{found.at_least} words"
    return seen(
        TRUNCATED,
        "prompt",
        f"Of a prompt of {sent} the server read only {found.counted} tokens, and did not say so",
        *measured,
    )


def pinned(found: PromptAccounting, measured: list[Evidence]) -> Finding | None:
    """The same count for a prompt that is clearly shorter."""
    small = found.small_counted
    if small is None or abs(small - found.counted) > SAME_COUNT:
        return None
    return seen(
        PINNED,
        "prompt",
        f"Two prompts of clearly different length were both counted as about {found.counted} tokens",
        *measured,
        probed("prompt tokens counted for a shorter prompt", small, "tokens", "usage of the answer"),
    )
