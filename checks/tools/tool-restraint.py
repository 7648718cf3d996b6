"""Whether the model leaves tools alone when nothing needs them.

What: a goodbye and a greeting, with tools on offer.

Why: a model that calls a tool for every message costs time, shows users strange results and can start things that
nobody asked for.

How: one goodbye with two tools on offer. Only if it brings a call, a greeting and a second goodbye are asked; a call in
two of the three is the fault.

Limits: a model that was told to use tools always is not distinguished from one that does so by itself; the probe sends
no such instruction.
"""

from doctor.api import Context, Depth, Skip, Symptom, ToolAnswer, Verdict, probed, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
NEEDLESS = Symptom(id="called-without-need", title="The model calls tools that nothing asked for", semantic=True)
DECIDES = 2  # calls in three messages; a single one happens to good models


async def check(context: Context) -> Verdict:
    """Count the calls that were made without need."""
    answer = await context.fact(ToolAnswer)
    trials = [trial for trial in answer.trials if trial.item.startswith("T5") and trial.exchange.ok]
    if not trials:
        raise Skip("no message without need of a tool was asked")
    called = [trial for trial in trials if trial.called]
    count = probed("calls without need", f"{len(called)} in {len(trials)} messages", "", trials[0].exchange.route)
    if len(called) < DECIDES:
        if called and len(trials) == 1:
            raise Skip("a tool was called without need once, and there was no budget to ask again")
        return verdict(measured=[count])
    if answer.small_model:
        raise Skip("the model has fewer than two billion parameters, too few to judge it by needless calls")
    summary = f"A tool was called for {len(called)} of {len(trials)} greetings and goodbyes"
    return verdict(seen(NEEDLESS, "tools", summary, count))
