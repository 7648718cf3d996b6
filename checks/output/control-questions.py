"""Questions that every instruct model answers.

What: two questions with answers of one word, a third when one of them is missed.

Why: when a sum of two small numbers fails, nothing that is judged by its meaning can be trusted: instructions, tools
and retrieval would all look broken.

How: temperature 0, eight tokens each. Two wrong answers of three count, one is noise.

Limits: models below a billion parameters may fail by nature; for them the finding is a note.
"""

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Exchange,
    ModelCard,
    Severity,
    Skip,
    Symptom,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
WRONG = Symptom(id="control-answers-wrong", title="Simple questions are answered wrongly", semantic=True)
TOLERATED = 1  # of three: judging by one miss would raise false alarms in most runs (probe rules, section 5)
SMALL_PARAMETERS = 1_000_000_000


async def check(context: Context) -> Verdict:
    """Judge by the rule of two in three."""
    control = await context.fact(ControlAnswers)
    scored = [
        (each, right) for each, right in zip(control.exchanges, control.right, strict=True) if right or scorable(each)
    ]
    if not scored or len(scored) < len(control.exchanges) - 1:
        raise Skip("thinking or a refusal took the answers, so they cannot be scored")
    wrong = [each for each, right in scored if not right]
    share = probed("right answers", f"{len(scored) - len(wrong)} of {len(scored)}", "", "probe P03")
    if len(wrong) <= TOLERATED:
        return verdict(measured=[share])
    parameters = await size(context)
    small = parameters is not None and parameters < SMALL_PARAMETERS
    answers = probed("wrong answers", plain("; ".join(each.text for each in wrong), 90), "", "probe P03")
    text = f"{len(wrong)} of {len(scored)} one-word questions were answered wrongly"
    if small and parameters is not None:
        text += f"; with {parameters / 1e6:.0f} million parameters the model may be too weak for them"
    severity = Severity.NOTE if small else Severity.WARNING
    return verdict(seen(WRONG, "plain text", text, share, answers, severity=severity))


def scorable(exchange: Exchange) -> bool:
    """Whether a miss says something: an answer came, and neither thinking nor our own cut took it."""
    return exchange.ok and not exchange.only_thought and not exchange.stopped_early


async def size(context: Context) -> int | None:
    """The model's parameters, None when nobody says."""
    try:
        return (await context.fact(ModelCard)).parameters
    except Skip:
        return None
