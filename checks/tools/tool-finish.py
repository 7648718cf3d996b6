"""Whether the end of an answer says that it is a call.

What: the finish reason of answers that hold tool calls, in one piece and streamed.

Why: many agents go by it. A call that ends with `stop`, or with nothing, leaves them waiting: they halt after the call
until somebody writes "continue".

How: the answers of `tool-call` and `tool-stream` on the OpenAI route, where the contract names `tool_calls`. It is
reported when it is so in at least two answers, all of one kind.

Limits: Ollama's own route says `stop` by its own contract and is left out. An answer under a `tool_choice` is too.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Finding,
    Skip,
    Symptom,
    ToolAnswer,
    ToolStream,
    ToolTrial,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
WRONG = Symptom(id="tool-finish-reason-wrong", title="Answers with tool calls end as if they were plain text")
RIGHT = ("tool_calls", "function_call")  # the second is the contract of the older field of that name
ENOUGH = 2


async def check(context: Context) -> Verdict:
    """Look at how the answers with calls end."""
    answer = await context.fact(ToolAnswer)
    whole = [trial for trial in answer.trials if trial.exchange.tool_calls and not trial.native]
    streamed: list[ToolTrial] = []
    with contextlib.suppress(Skip):
        pairs = (await context.fact(ToolStream)).pairs
        streamed = [p.streamed for p in pairs if p.streamed.exchange.tool_calls and not p.streamed.native]
    if not whole and not streamed:
        raise Skip("no tool was called")
    ends = sorted({trial.exchange.finish_reason or "nothing" for trial in (*whole, *streamed)})
    measured = probed("finish reasons of answers with calls", ", ".join(ends), "", "POST /v1/chat/completions")
    kinds = [finding for finding in (wrong(whole, "in one piece"), wrong(streamed, "streamed")) if finding]
    return verdict(*kinds[:1], measured=[measured])


def wrong(trials: list[ToolTrial], kind: str) -> Finding | None:
    """All answers of a kind end otherwise; those that the output limit cut off do not count."""
    ended = [trial for trial in trials if trial.exchange.finish_reason != "length"]
    if len(ended) < ENOUGH or any(trial.exchange.finish_reason in RIGHT for trial in ended):
        return None
    reason = ended[0].exchange.finish_reason or "nothing"
    end = probed(f"finish reason {kind}", reason, "", ended[0].exchange.route)
    summary = f"{len(ended)} answers with tool calls, {kind}, end with {reason!r} instead of 'tool_calls'"
    return seen(WRONG, kind, summary, end)
