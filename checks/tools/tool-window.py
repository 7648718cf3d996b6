"""The tools of an agent fit into the prompt.

What: the prompt tokens that the server counts for twenty tools of ordinary size.

Why: definitions stand at the beginning of the prompt, where a server that cuts prompts cuts first. The model then says
truthfully that it has no tools, while a test with one tool works.

How: the tokens that twenty tools should take are counted by the server where it can, else predicted from the prompts of
one and of four tools. A cut is proven by an exact count, or when twenty tools are counted as no more tokens than
fifteen.

Limits: the tools of your own agent are not known; twenty take about two thousand tokens. A refusal that names the
window is honest, and a note.
"""

import re

from doctor.api import (
    Context,
    Depth,
    Severity,
    Skip,
    Symptom,
    ToolWindow,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
CUT = Symptom(id="tool-definitions-cut", title="Tool definitions are cut away without a word")
REFUSED = Symptom(
    id="tool-definitions-refused", title="Twenty tools do not fit into the window", severity=Severity.NOTE
)
COMPLETE = 0.98  # of an exact count: a template's own words may differ by a few tokens
ABOUT = 0.85  # of a prediction by length, which is right to about 6 %
SAME_COUNT = 2  # tokens; five more definitions are hundreds
LIMIT = re.compile(r"context|too (?:long|large)|exceed|maximum|n_ctx|\btokens\b", re.IGNORECASE)


async def check(context: Context) -> Verdict:
    """Compare the tokens counted for many tools with those expected."""
    found = await context.fact(ToolWindow)
    exchange = found.many.exchange
    window = [reported("context window", found.window, "tokens", "the server")] if found.window else []
    if not exchange.ok:
        if not LIMIT.search(exchange.error):
            raise Skip(f"a question with twenty tools failed with HTTP {exchange.status}: {exchange.error}")
        words = probed("answer to twenty tools", f"HTTP {exchange.status}: {exchange.error}", "", exchange.route)
        return verdict(seen(REFUSED, "tools", "A question with twenty tools is refused as too long", words, *window))
    counted = exchange.prompt_tokens
    if counted is None or found.expected is None:
        raise Skip("the server does not say how many prompt tokens it counted")
    how = "the server's own count" if found.exact else "the prompts of one and of four tools"
    measured = [
        computed("prompt tokens of twenty tools", round(found.expected), "tokens", how),
        probed("prompt tokens counted by the server", counted, "tokens", exchange.route),
        *window,
    ]
    if counted >= (COMPLETE if found.exact else ABOUT) * found.expected:
        return verdict(measured=measured)
    fewer = found.fewer.prompt_tokens if found.fewer and found.fewer.ok else None
    if not found.exact and (fewer is None or counted > fewer + SAME_COUNT):
        raise Skip(f"{counted} prompt tokens are fewer than predicted, but nothing proves a cut")
    if fewer is not None:
        measured.append(probed("prompt tokens counted for fifteen tools", fewer, "tokens", exchange.route))
    measured.append(probed("layer that lost the tools", "the window", "", exchange.route))
    summary = f"Of about {found.expected:.0f} prompt tokens with twenty tools the server read {counted}"
    return verdict(seen(CUT, "tools", summary, *measured))
