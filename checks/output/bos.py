"""The prompt begins with one start token.

What: how many BOS tokens a rendered and tokenised chat begins with.

Why: a template that writes BOS and a tokenizer that adds it give two, which makes answers subtly worse.

How: the server renders a fixed conversation and tokenises it as it does for a chat.

Limits: only servers that show rendering and tokens; none at all is right for models without BOS.
"""

from doctor.api import Context, Depth, Rendered, Skip, Symptom, Verdict, probed, seen, verdict

DEPTH = Depth.PASSIVE
DOUBLE = Symptom(id="double-bos", title="The prompt begins with two start tokens")


async def check(context: Context) -> Verdict:
    """Count the BOS tokens."""
    rendered = await context.fact(Rendered)
    if rendered.leading_bos is None:
        raise Skip("the server does not say its start token or its tokens")
    leading = probed("BOS tokens at the start", rendered.leading_bos, source=rendered.source)
    if rendered.leading_bos < 2:
        return verdict(measured=[leading])
    return verdict(seen(DOUBLE, "chat prompt", f"the prompt begins with {rendered.leading_bos} BOS tokens", leading))
