"""Rules hold over several turns.

What: three rules in the system text (at most five words, lower case, a mark at the end) over six turns of small talk.

Why: some models keep rules at first and lose them after a few turns, though nothing was cut. Whoever builds on rules
has to say them again, or take another model.

How: six short answers at temperature 0, depth deep; each rule is judged by code. It counts when the first two turns
kept all rules, two of the last three broke one, and the conversation filled less than 70 % of the window.

Limits: a model that breaks rules from the start is limited, not drifting, and passes here.
"""

from doctor.api import Context, Depth, Severity, Skip, Symptom, Turn, Turns, Verdict, plain, probed, seen, verdict

DEPTH = Depth.DEEP
DEADLINE_S = 150.0
FADE = Symptom(id="rules-fade", title="Rules are kept at first and lost after some turns", semantic=True)
LATE = 3  # turns at the end that are judged together
BROKEN_TO_COUNT = 2
FILLED = 0.7  # of the window; beyond it text may have been cut


async def check(context: Context) -> Verdict:
    """Compare the first turns with the last."""
    talk = await context.fact(Turns)
    kept = [keeps(turn) for turn in talk.turns]
    shown = probed("turns that kept all rules", " ".join("yes" if ok else "no" for ok in kept), "", "probe P30")
    last = talk.turns[-1].exchange
    if talk.window and (last.prompt_tokens or 0) > FILLED * talk.window:
        raise Skip(f"the conversation fills {last.prompt_tokens} of {talk.window} tokens, so text may have been cut")
    filled = probed("prompt of the last turn", last.prompt_tokens, "tokens", last.route)
    late = kept[-LATE:].count(False)
    if not all(kept[:2]) or late < BROKEN_TO_COUNT:
        return verdict(measured=[shown, filled])
    broken = next(turn for turn, ok in zip(talk.turns[-LATE:], kept[-LATE:], strict=True) if not ok)
    said = probed("a late answer", plain(broken.exchange.text, 60), "", broken.exchange.route)
    text = f"{late} of the last {LATE} answers break a rule that the first two kept"
    severity = Severity.NOTE if talk.small_model else None
    return verdict(seen(FADE, "system text", text, shown, said, filled, severity=severity))


def keeps(turn: Turn) -> bool:
    """Whether all three rules were kept."""
    return turn.short and turn.lower and turn.ended
