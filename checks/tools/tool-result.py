"""Whether a tool's result gets back to the model and is used.

What: a conversation that already holds a tool call and its result, and the answer to it.

Why: many set-ups make the first call and fail on the second request: the server cannot render its own call, the model
never sees the result and asks for it again and again, or its turn ends without a word.

How: the history as the OpenAI contract wants it (arguments as text, the result in a message of role `tool`); at depth
deep also as Ollama's own route wants it. The result holds -7 degrees; the answer must hold a seven or the result's
reference. A miss is asked once more: in other words, or with the repeated call answered again.

Limits: that the result was not used is no fault of a model with fewer than two billion parameters. An error is a fault
at any size.
"""

from doctor.api import (
    Context,
    Depth,
    Exchange,
    Finding,
    Severity,
    Skip,
    Symptom,
    ToolResult,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
REFUSED = Symptom(
    id="tool-result-refused", title="The server fails on a conversation with a tool result", severity=Severity.CRITICAL
)
IGNORED = Symptom(id="tool-result-ignored", title="The model does not use a tool's result", semantic=True)
UNANSWERED = Symptom(id="tool-result-unanswered", title="After a tool's result nothing is said", semantic=True)


async def check(context: Context) -> Verdict:
    """Judge the answer to a history with a result in it."""
    result = await context.fact(ToolResult)
    exchange = result.exchange
    failed = next((each for each in (exchange, result.native) if each and not each.ok), None)
    if failed is not None:
        return verdict(refused(failed))
    used = probed("result used in the answer", result.used, "", exchange.route)
    if result.used:
        return verdict(measured=[used])
    if exchange.only_thought or (exchange.finish_reason == "length" and not result.repeated_call):
        raise Skip("the answer ended before it could use the result")
    if result.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by its use of a result")
    if result.unanswered:
        ended = probed("finish reason of the empty answers", exchange.finish_reason, "", exchange.route)
        summary = "Twice the turn after a tool's result ended without a text and without a call"
        return verdict(seen(UNANSWERED, "tool result", summary, ended, used))
    again = " and asked for the same again" if result.repeated_call else ""
    repeated = probed("same call made again", result.repeated_call, "", exchange.route)
    return verdict(
        seen(IGNORED, "tool result", f"Twice the model did not use the result of its call{again}", used, repeated)
    )


def refused(exchange: Exchange) -> Finding:
    """An error on the second step of an agent."""
    status = probed("answer to call and result", f"HTTP {exchange.status}: {exchange.error}", "", exchange.route)
    summary = f"A question with tools works, the same with its call and result fails with HTTP {exchange.status}"
    return seen(REFUSED, "tool result", summary, status)
