"""Text without the chat template tells template, training and weights apart.

What: where chat goes wrong, the same question with the markers of the model's family set by hand, and three rows of
words that repeat, to be gone on with.

Why: garbage in a chat has many fathers. A right answer without the template convicts the template or the parser. Rows
that go on while no question is answered speak of a model that never learnt to chat. Rows that break speak of damaged
weights, a cache with too few bits or a broken backend: any language model, however small, goes on with such a row.

How: up to five requests to the route that completes a prompt as it is, temperature 0, a few tokens each. In a quick
run only after at least two wrong answers or a bad copy.

Limits: one line that is copied badly in a chat and rightly without the template may be chance, and convicts nobody. The
family is known from end token, architecture or the file's own template; of other models only the rows are
judged. Markers that we know wrongly give a miss, which by itself is no finding.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    RawText,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
RIGHT = Symptom(id="raw-answers-right", title="The answer is right without the chat template", semantic=True)
CONTINUES = Symptom(id="continues-only", title="The model goes on with text and does not answer", semantic=True)
BROKEN = Symptom(
    id="word-rows-broken", title="Not even a row of words is gone on with", severity=Severity.CRITICAL, semantic=True
)


async def check(context: Context) -> Verdict:
    """Judge the answer first, then the rows."""
    raw = await context.fact(RawText)
    if not raw.patterns:
        return verdict(
            measured=[computed("questions that go wrong as a chat", 0, "", "copied line and control questions")]
        )
    measured = evidence(raw)
    if not raw.chat_failed:
        return verdict(measured=measured)
    if any(raw.right) and not raw.only_a_copy:
        text = f"chat goes wrong, and the same question with the markers of {raw.family} by hand is answered rightly"
        return verdict(seen(RIGHT, "chat template", text, *measured))
    if not any(raw.continued):
        return verdict(broken(raw, measured))
    if not raw.family:
        raise Skip("the model's family is not known, so its questions cannot be asked without the template")
    if raw.chat_never_stopped and all(answer.finish_reason != "stop" for answer in raw.answers):
        text = "rows of words are gone on with, no question is answered, and no answer ends by itself"
        return verdict(seen(CONTINUES, "model", text, *measured))
    return verdict(measured=measured)


def broken(raw: RawText, measured: list[Evidence]) -> Finding:
    """The finding of rows that break."""
    text = f"none of {len(raw.continued)} rows of words that repeat was gone on with: {measured[0].value}"
    return seen(BROKEN, "model", text, *measured, severity=Severity.WARNING if raw.only_a_copy else None)


def evidence(raw: RawText) -> list[Evidence]:
    """What came back."""
    rows = "; ".join(plain(exchange.content.strip(), 24) or "(empty)" for exchange in raw.patterns)
    found = [probed("rows of words gone on with", rows, "", "probe P11")]
    if raw.answers:
        said = plain(raw.answers[-1].text, 40) or "(empty)"
        found.append(probed(f"answer with the markers of {raw.family}", said, "", raw.answers[-1].route))
    if raw.top_probability is not None:
        found.append(computed("probability of the next word", round(raw.top_probability, 2), "", "mean of the rows"))
    return found
