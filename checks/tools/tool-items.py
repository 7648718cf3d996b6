"""How many tool questions the model gets right.

What: every question with tools on offer, its calls compared with the right ones as parsed values.

Why: calls can arrive perfectly and still say the wrong thing. That is the model's own limit, and worth knowing before
an agent is blamed.

How: names and arguments are compared with what each question asks for. At depth deep a miss is asked again in two other
wordings, and counts only when two of three are missed. What may be expected grows with the model's size.

Limits: a wrong value never proves a broken server. A few questions say little, so the interval is shown: below the
expectation the model is called limited, which is a note. It is a fault only at depth deep, for a model of two billion
parameters or more whose calls are wrong in half of the questions while plain questions are answered.
"""

import contextlib
import math

from doctor.api import (
    Context,
    ControlAnswers,
    Depth,
    Severity,
    Skip,
    Symptom,
    ToolAnswer,
    ToolTrial,
    ToolWindow,
    Verdict,
    computed,
    probed,
    seen,
    verdict,
    wilson,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
LIMITED = Symptom(id="tool-items-missed", title="The model is limited at tool calls", severity=Severity.NOTE)
WRONG = Symptom(id="tool-calls-wrong", title="Most of the model's calls are not what was asked for", semantic=True)

# Parameters below which this share of the items is enough: published scores of small models (probes, P18).
SHARES = ((2e9, 2 / 6), (4e9, 3 / 6), (15e9, 4 / 6), (math.inf, 5 / 6))
SMALL = 2e9
NEEDED = {"T1", "T2", "T3", "T4"}


async def check(context: Context) -> Verdict:
    """Count the items that are right, two of three where there are three."""
    answer = await context.fact(ToolAnswer)
    trials = [*answer.trials]
    with contextlib.suppress(Skip):
        trials.append((await context.fact(ToolWindow)).many)
    groups = grouped(trials)
    if not groups or not any(trial.called for trial in trials):
        raise Skip("no tool was called, so there is nothing to compare")
    right = [item for item, group in groups.items() if passed(group)]
    low, high = wilson(len(right), len(groups))
    count = probed("items right", f"{len(right)} of {len(groups)}", "", trials[0].exchange.route)
    share = computed("95 % interval of the share", f"{low:.2f} to {high:.2f}", "", "Wilson")
    failed = [(item, group) for item, group in groups.items() if not passed(group)]
    missed = "; ".join(f"{item}: {next((t.missed for t in group if t.missed), 'not said')}" for item, group in failed)
    expected = math.floor(enough(answer.parameters) * len(groups))
    if len(right) >= expected:
        return verdict(measured=[count, share])
    misses = probed("missed", missed, "", "parsed arguments")
    wrong = await mostly_wrong(context, answer, groups)
    summary = f"{len(right)} of {len(groups)} tool questions are right, {expected} were expected; missed {missed}"
    return verdict(seen(WRONG if wrong else LIMITED, "tools", summary, count, share, misses))


def grouped(trials: list[ToolTrial]) -> dict[str, list[ToolTrial]]:
    """Trials of each item with its other wordings; what was not scored is left out."""
    groups: dict[str, list[ToolTrial]] = {}
    for trial in trials:
        if trial.semantic_ok is not None and not (trial.thinking or trial.call_as_text):
            groups.setdefault(trial.item.rstrip("bc"), []).append(trial)
    return groups


def passed(group: list[ToolTrial]) -> bool:
    """Right at the first attempt, or in most of three."""
    return bool(group[0].semantic_ok) or 2 * sum(bool(trial.semantic_ok) for trial in group) > len(group)


def enough(parameters: int | None) -> float:
    """The share of items that a model of this size should get right; the mildest for one of unknown size."""
    return next(share for limit, share in SHARES if (parameters or 0) < limit)


async def mostly_wrong(context: Context, answer: ToolAnswer, groups: dict[str, list[ToolTrial]]) -> bool:
    """Half of the items that need a call missed in two of three wordings, by a model that should be able to."""
    with contextlib.suppress(Skip):
        control = (await context.fact(ControlAnswers)).right
        decided = [group for item, group in groups.items() if item in NEEDED and len(group) in (1, 3)]
        misses = [group for group in decided if len(group) == 3 and not passed(group)]
        able = (answer.parameters or 0) >= SMALL
        return able and sum(control) >= 2 and 2 * len(misses) >= len(decided) > 1
    return False
