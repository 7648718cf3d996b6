"""Speculative decoding helps instead of hindering.

What: how many of the tokens that a draft model proposed were accepted while a short text was written.

Why: every rejected draft was computed for nothing. Below some four in ten a draft model slows the answer down
(ggml-org/llama.cpp#25908: 7 % accepted, slower than without).

How: the server's own counts of proposed and accepted tokens, from the text that measures the decode rate.

Limits: prose and code differ widely; this is prose. Servers that do not report drafts are not judged.
"""

from doctor.api import Context, DecodeSpeed, Depth, Skip, Symptom, Verdict, computed, reported, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
REJECTED = Symptom(id="drafts-rejected", title="Most of the draft model's tokens are rejected")
LOW_ACCEPTANCE = 0.4
ENOUGH_DRAFTS = 24  # fewer proposals say little about the rate


async def check(context: Context) -> Verdict:
    """Judge the share of accepted tokens."""
    speed = await context.fact(DecodeSpeed)
    if not speed.draft_tokens or speed.draft_accepted is None:
        raise Skip("the server reports no speculative decoding")
    if speed.draft_tokens < ENOUGH_DRAFTS:
        raise Skip(f"only {speed.draft_tokens} tokens were drafted, too few to judge")
    share = speed.draft_accepted / speed.draft_tokens
    counts = reported("drafted and accepted", f"{speed.draft_tokens}, {speed.draft_accepted}", "tokens", "timings")
    rate = computed("accepted drafts", round(share, 2), "", "accepted / drafted")
    if share >= LOW_ACCEPTANCE:
        return verdict(measured=[rate, counts])
    text = (
        f"{share:.0%} of the drafted tokens were accepted; below {LOW_ACCEPTANCE:.0%} drafting costs more than it gains"
    )
    return verdict(seen(REJECTED, "speculative decoding", text, rate, counts))
