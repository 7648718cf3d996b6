"""Thinking can be switched off and leaves an answer.

What: with thinking switched off: is there still reasoning, do short answers come out empty because of it, do its tags
stand in the visible text.

Why: a hidden thought uses up the output limit of a client, which then shows an empty answer with status 200. Tags in
the text mean that the server does not separate the thought.

How: a small product with 64 tokens, read together with the other short answers of the run.

Limits: a model that always thinks is not ill by that. Only empty answers where a switch was sent, or an answer that
ended by itself without any text, count.
"""

import contextlib

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Exchange,
    Finding,
    ListAnswer,
    RoleShapes,
    Severity,
    Skip,
    Symptom,
    Thinking,
    Verdict,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
EATS = Symptom(id="thinking-eats-answer", title="Thinking leaves no room for the answer")
TAGS = Symptom(id="think-tag-leak", title="Thinking tags stand in the visible answer")
ALWAYS = Symptom(id="thinking-not-switchable", title="The model thinks although told not to", severity=Severity.NOTE)
EMPTY_TO_COUNT = 2  # one empty answer to a limit of eight tokens may be chance


async def check(context: Context) -> Verdict:
    """Judge tags, then reasoning, then what it left of the answers."""
    thinking = await context.fact(Thinking)
    if not thinking.exchange.ok:
        raise Skip(f"the server refused the question ({thinking.exchange.error})")
    answers = [thinking.exchange, *await others(context)]
    empty = [each for each in answers if each.only_thought and not each.stopped_early]
    hidden = [each for each in answers if each.reasoning]
    share = probed("answers with reasoning, thinking off", f"{len(hidden)} of {len(answers)}", "", "probes P03-P12")
    none = probed("answers left empty by it", len(empty), "answers", "probes P03-P12")
    findings: list[Finding] = []
    if tagged := [each for each in answers if "<think" in each.content or "</think" in each.content]:
        text = probed("answer", plain(tagged[0].content, 80), "", tagged[0].route)
        findings.append(seen(TAGS, "plain text", "thinking tags stand in the visible text of an answer", text))
    if hidden and thinking.switch_sent:
        findings.append(seen(ALWAYS, "thinking", f"{len(hidden)} answers hold reasoning, thinking switched off", share))
    ended = any(each.finish_reason == "stop" for each in empty)
    if ended or (len(empty) >= EMPTY_TO_COUNT and thinking.switch_sent):
        text = f"{len(empty)} of {len(answers)} short answers are empty because thinking used up their tokens"
        findings.append(seen(EATS, "thinking", text, none, share))
    return verdict(*findings, measured=[share, none])


async def others(context: Context) -> list[Exchange]:
    """The other short answers of the run, those that came."""
    found: list[Exchange] = []
    with contextlib.suppress(Skip):
        found += (await context.fact(ControlAnswers)).exchanges
    with contextlib.suppress(Skip):
        found.append((await context.fact(RoleShapes)).two_users)
    with contextlib.suppress(Skip):
        found.append((await context.fact(ListAnswer)).exchange)
    return [each for each in found if each.ok]
