"""A copied line comes back as it was.

What: a line with accents, Chinese characters and an emoji, to be copied: how much of it came back, whether anything
came back, and replacement characters in the stream.

Why: copying needs no knowledge. A model that cannot do it has a damaged file, a wrong template, too few bits or a
broken tokenizer; replacement characters mean that somebody cut a character's bytes in two.

How: one streamed answer at temperature 0. With replacement characters in it the line is asked for again in one piece.

Limits: very small models copy badly by nature, so a bad copy alone is a note; it counts as a warning when the control
questions fail as well.
"""

import contextlib

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Echo,
    Exchange,
    Finding,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    degeneration,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
WRONG = Symptom(id="echo-wrong", title="A line is not copied right", semantic=True)
EMPTY = Symptom(id="empty-answer", title="Answers are empty", severity=Severity.CRITICAL)
REPLACED = Symptom(id="replacement-characters", title="Characters are replaced by question marks")
SPLIT = Symptom(id="stream-splits-characters", title="The stream cuts characters in two")
READABLE_COPY = 0.9  # similarity; below it the copy is bad (probe P02 warns from 0.95, fails under 0.7)
REPLACEMENT = "�"


async def check(context: Context) -> Verdict:
    """Judge the copy: is there any, is it whole, is it right."""
    echo = await context.fact(Echo)
    answer = echo.exchange
    if not answer.ok:
        raise Skip(f"the server refused to copy a line ({answer.error})")
    if answer.only_thought:
        raise Skip("thinking took the whole answer, nothing visible is left to judge")
    shape = degeneration(answer.text)
    if shape.kind:
        raise Skip(f"the text is degenerate ({shape.kind}), so there is no copy to compare")
    copy = probed("copy", plain(answer.text, 60) or "(empty)", "", "probe P02")
    alike = computed("similarity with the line", round(echo.similarity, 2), "", "matching characters")
    if not answer.text:
        return verdict(await nothing(context, answer), measured=[copy, alike])
    replaced = broken(echo)
    if replaced or echo.similarity >= READABLE_COPY or answer.stopped_early:
        return verdict(*replaced, measured=[copy, alike])
    severity = Severity.WARNING if await others_fail(context) else Severity.NOTE
    text = f"{echo.similarity:.0%} of {echo.expected!r} came back"
    return verdict(seen(WRONG, "plain text", text, copy, alike, severity=severity))


async def nothing(context: Context, answer: Exchange) -> Finding | None:
    """The finding of an empty answer, when the control questions got none either."""
    with contextlib.suppress(Skip):
        control = await context.fact(ControlAnswers)
        if all(other.ok and not other.content.strip() and not other.reasoning for other in control.exchanges):
            tokens = probed("tokens generated", answer.completion_tokens, "tokens", answer.route)
            return seen(EMPTY, "plain text", f"all {len(control.exchanges) + 1} questions got an empty answer", tokens)
    return None


def broken(echo: Echo) -> list[Finding]:
    """Replacement characters, except one at a cut end, and whether streaming brings them in."""
    streamed = echo.exchange.content.rstrip(REPLACEMENT).count(REPLACEMENT)
    if not streamed or echo.unstreamed is None:
        return []
    whole = echo.unstreamed.content.count(REPLACEMENT)
    counts = probed("replacement characters, streamed and in one piece", f"{streamed}, {whole}", "", "probe P02")
    found = [seen(REPLACED, "plain text", f"{streamed} characters of the line came back as U+FFFD", counts)]
    if whole == 0:
        text = f"{streamed} characters are broken in the stream and none in the same answer sent in one piece"
        found.append(seen(SPLIT, "stream", text, counts))
    return found


async def others_fail(context: Context) -> bool:
    """Whether the control questions fail by the rule of two in three."""
    with contextlib.suppress(Skip):
        return (await context.fact(ControlAnswers)).right.count(False) >= 2
    return False
