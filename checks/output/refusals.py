"""Plain questions are answered, not refused.

What: whether a line to copy and the control questions were all refused, and with which status.

Why: a gateway may put an error into an answer with HTTP 200; clients then show nothing, or the error as the model's
words. A template that fails on every conversation refuses all of them. Without this check nothing could be evaluated,
and a server on which chat is impossible would look fine.

How: the answers of the other probes, read together. Nothing more is asked.

Limits: missing keys, unknown models, queues and loading are refusals as well and are judged by other checks.
"""

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Echo,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
ERROR_200 = Symptom(
    id="error-with-200", title="Errors come with HTTP 200 in place of answers", severity=Severity.CRITICAL
)
REFUSED = Symptom(id="chat-refused", title="Plain questions are refused", severity=Severity.CRITICAL)
# Key, missing model, rate limits and queues, loading.
EXPLAINED_ELSEWHERE = {401, 403, 404, 408, 429, 503}
OK = 200


async def check(context: Context) -> Verdict:
    """Judge what all of the questions got."""
    copied = (await context.fact(Echo)).exchange
    try:
        answers = [copied, *(await context.fact(ControlAnswers)).exchanges]
    except Skip:
        answers = [copied]
    refused = [answer for answer in answers if not answer.ok]
    share = probed("questions refused", f"{len(refused)} of {len(answers)}", "", "probes P02, P03")
    if len(answers) < 2 or len(refused) < len(answers):
        return verdict(measured=[share])
    first = refused[0]
    if first.status in EXPLAINED_ELSEWHERE:
        raise Skip(f"the server answered {first.status} to plain questions: {first.error}")
    error = probed(f"answer with HTTP {first.status}", first.error, "", first.route)
    if first.status == OK:
        text = f"{len(refused)} plain questions got an error with HTTP 200: {first.error}"
        return verdict(seen(ERROR_200, "chat", text, error, share))
    text = f"{len(refused)} plain questions are refused with HTTP {first.status}: {first.error}"
    return verdict(seen(REFUSED, "chat", text, error, share))
