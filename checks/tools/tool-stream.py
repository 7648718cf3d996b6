"""Streamed tool calls are the same as whole ones.

What: two calls at once and a call without arguments, streamed, against the same questions answered in one piece.

Why: agents stream. The code that cuts a call into pieces is another than the one that hands it over whole, and it has
lost arguments and calls while everything worked without a stream.

How: the pieces are put together by id, and arguments are compared as parsed values. A call that is missing counts when
it is missing twice, or when the stream shows that one was meant.

Limits: other values in the stream are the model's and not judged. Missing ids are shown and harmless by themselves.
"""

from doctor.api import (
    Context,
    Depth,
    Exchange,
    Finding,
    Skip,
    StreamPair,
    Symptom,
    ToolCall,
    ToolStream,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
LOST_ARGUMENTS = Symptom(id="tool-stream-arguments-lost", title="Streamed tool calls lose their arguments")
LOST_CALL = Symptom(id="tool-stream-call-lost", title="Calls that come in one piece do not come in a stream")

LAYER = probed("layer that lost the call", "the server's stream")


async def check(context: Context) -> Verdict:
    """Compare each pair; one example of each fault is enough."""
    pairs = (await context.fact(ToolStream)).pairs
    refused = next((p.streamed.exchange for p in pairs if not p.streamed.exchange.ok), None)
    if refused is not None:
        raise Skip(f"a stream with tools was refused: {refused.error}")
    route = pairs[0].streamed.exchange.route
    calls = [call for pair in pairs for call in pair.streamed.exchange.tool_calls]
    measured = [probed("streamed calls looked at", len(calls), "", route)]
    measured += [probed("all of them have an id", bool(calls) and all(call.id for call in calls), "", route)]
    findings = [finding for pair in pairs for finding in without_arguments(pair)] + missing(pairs)
    kept = {finding.symptom: finding for finding in reversed(findings)}.values()
    return verdict(*kept, measured=measured)


def without_arguments(pair: StreamPair) -> list[Finding]:
    """Arguments that are whole in one piece, and missing or broken in the stream."""
    exchange, whole = pair.streamed.exchange, pair.whole or ()
    if exchange.finish_reason == "length":
        return []
    twins = [next((w for w in whole[at:] if w.name == call.name), None) for at, call in enumerate(exchange.tool_calls)]
    pieces = zip(exchange.tool_calls, twins, strict=True)
    return [lost(exchange, call, twin) for call, twin in pieces if twin and twin.value and call.value is None]


def lost(exchange: Exchange, call: ToolCall, twin: ToolCall) -> Finding:
    """The finding for one call and the same call in one piece."""
    came = probed("arguments in the stream", plain(call.arguments, 120) or call.arguments_type, "", exchange.route)
    same = probed("arguments in one piece", plain(twin.arguments, 120), "", "the same question, not streamed")
    what = "broken" if call.arguments.strip() else "missing"
    summary = f"The arguments are {what} in the stream and right without it"
    return seen(LOST_ARGUMENTS, call.name, summary, came, same, LAYER)


def missing(pairs: tuple[StreamPair, ...]) -> list[Finding]:
    """Fewer calls in the stream: twice for one question, or beside a sign that a call was meant."""
    short = [pair for pair in pairs if len(pair.streamed.exchange.tool_calls) < len(pair.whole or ())]
    asked = [(pair.streamed.item, pair.streamed.exchange.route) for pair in short]
    return [gone(pair) for pair, key in zip(short, asked, strict=True) if asked.count(key) > 1 or meant(pair)]


def meant(pair: StreamPair) -> str:
    """What shows that the stream should have held a call."""
    trial = pair.streamed
    ended = "finish reason tool_calls" if trial.exchange.finish_reason == "tool_calls" else ""
    return trial.call_as_text or trial.call_in_thinking or ("" if trial.exchange.tool_calls else ended)


def gone(pair: StreamPair) -> Finding:
    """The finding for a stream with fewer calls than the whole answer."""
    counts = f"{len(pair.streamed.exchange.tool_calls)} instead of {len(pair.whole or ())}"
    came = probed("calls in the stream", counts, "", pair.streamed.exchange.route)
    sign = probed("what is there of them", meant(pair) or "nothing", "", pair.streamed.exchange.route)
    return seen(LOST_CALL, pair.streamed.item, f"The stream of the same answer holds {counts} calls", came, sign, LAYER)
