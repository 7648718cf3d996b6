"""Whether a tool's result gets back to the model and is used.

What: a conversation that already holds a tool call and its result, and the answer to it.

Why: many set-ups make the first call and fail on the second request: the server cannot render its own call, or the
model never sees the result and asks for it again and again.

How: the history as the OpenAI contract wants it (arguments as text, the result in a message of role `tool`). The result
holds -7 degrees; the answer must hold a seven or the result's reference. A miss is asked once more in other words.

Limits: that the result was not used is no fault of a model with fewer than two billion parameters. An error is a fault
at any size.
"""

from doctor.api import Context, Depth, Severity, Skip, Symptom, ToolResult, Verdict, probed, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
REFUSED = Symptom(
    id="tool-result-refused", title="The server fails on a conversation with a tool result", severity=Severity.CRITICAL
)
IGNORED = Symptom(id="tool-result-ignored", title="The model does not use a tool's result", semantic=True)


async def check(context: Context) -> Verdict:
    """Judge the answer to a history with a result in it."""
    result = await context.fact(ToolResult)
    exchange = result.exchange
    if not exchange.ok:
        status = probed("answer to call and result", f"HTTP {exchange.status}: {exchange.error}", "", exchange.route)
        summary = f"A question with tools works, the same with its call and result fails with HTTP {exchange.status}"
        return verdict(seen(REFUSED, "tool result", summary, status))
    used = probed("result used in the answer", result.used, "", exchange.route)
    if result.used:
        return verdict(measured=[used])
    if exchange.only_thought or (exchange.finish_reason == "length" and not result.repeated_call):
        raise Skip("the answer ended before it could use the result")
    if result.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by its use of a result")
    again = " and asked for the same again" if result.repeated_call else ""
    repeated = probed("same call made again", result.repeated_call, "", exchange.route)
    return verdict(
        seen(IGNORED, "tool result", f"Twice the model did not use the result of its call{again}", used, repeated)
    )
