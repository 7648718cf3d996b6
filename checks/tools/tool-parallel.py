"""Parallel calls of a stream can be told apart.

What: the index of each call in a streamed answer with two calls.

Why: clients put the pieces of a stream together by that index. When two calls share one, the client sees a single call
with both arguments glued together, which cannot be parsed.

How: the pieces are put together twice: with care (a new id or name begins a new call), and by index alone as most
clients do. Fewer calls by index prove it.

Limits: needs a model that makes two calls at once. Several whole calls in one piece of the stream are allowed.
"""

from doctor.api import (
    Context,
    Depth,
    Exchange,
    Finding,
    Skip,
    Symptom,
    ToolStream,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
SHARED = Symptom(id="tool-index-shared", title="Parallel calls of a stream share one index")


async def check(context: Context) -> Verdict:
    """Compare the two ways of putting each stream together."""
    streams = [pair.streamed for pair in (await context.fact(ToolStream)).pairs if not pair.streamed.native]
    parallel = [trial for trial in streams if len(trial.exchange.tool_calls) > 1]
    if not parallel:
        raise Skip("the model made no two calls in one streamed answer")
    found = [shared(trial.item, trial.exchange) for trial in parallel]
    most = max(len(trial.exchange.tool_calls) for trial in parallel)
    calls = probed("calls in one streamed answer", most, "", parallel[0].exchange.route)
    return verdict(next((finding for finding in found if finding), None), measured=[calls])


def shared(item: str, exchange: Exchange) -> Finding | None:
    """Two calls that a client which goes by the index takes for one."""
    apart, together = exchange.tool_calls, exchange.calls_by_index
    if len(apart) <= len(together):
        return None
    indices = ", ".join("none" if call.index is None else str(call.index) for call in apart)
    index = probed("index of each call", indices, "", exchange.route)
    glued = max((call.arguments for call in together), key=len, default="")
    joined = probed("arguments put together by index", plain(glued, 120), "", exchange.route)
    layer = probed("layer that lost the call", "the server's stream", "", exchange.route)
    return seen(SHARED, item, f"{len(apart)} calls of a stream came with the indices {indices}", index, joined, layer)
