"""Answers stay within the passages, and cite them by their own ids.

What: three passages with ids, three questions that they answer and three that they do not.

Why: a model that invents an answer, or a source, is worse than one that says nothing: nobody looks the source up.

How: each question is asked alone at temperature 0, with the rule to give the passage's id or NOT FOUND. An id that no
passage has is invented, whatever the answer says.

Limits: six questions; the interval is wide, so only a clear failure is reported. A model of fewer than two billion
parameters is not judged by its answers, only by invented ids.
"""

from doctor.api import Context, Depth, Finding, Grounding, Severity, Skip, Symptom, Verdict, probed, seen, verdict

DEPTH = Depth.DEEP
INVENTED = Symptom(id="citations-invented", title="The model cites passages that do not exist")
ANSWERS = Symptom(id="answers-ungrounded", title="The model answers what the passages do not hold", semantic=True)
BLIND = Symptom(
    id="passages-unused", title="The model does not find answers in passages", severity=Severity.NOTE, semantic=True
)

ABSTAINS = 2  # of the three questions without an answer
RIGHT = 2  # of the three with one


async def check(context: Context) -> Verdict:
    """Count."""
    found = await context.fact(Grounding)
    if all(item.empty for item in found.items):
        raise Skip("the answers are empty")
    with_answer = [item for item in found.items if item.answerable]
    without = [item for item in found.items if not item.answerable]
    right = sum(item.right for item in with_answer)
    declined = sum(item.abstained or item.empty for item in without)
    measured = [
        probed("answered rightly", right, f"of {len(with_answer)}", found.route),
        probed("declined where nothing is known", declined, f"of {len(without)}", found.route),
    ]
    return verdict(invented(found), ungrounded(found, right, declined), measured=measured)


def invented(found: Grounding) -> Finding | None:
    """Ids out of thin air."""
    ids = sorted({id_ for item in found.items for id_ in item.invented})
    if not ids:
        return None
    return seen(INVENTED, "passages", f"The ids {', '.join(ids)} belong to no passage", probed("ids", ", ".join(ids)))


def ungrounded(found: Grounding, right: int, declined: int) -> Finding | None:
    """A model that reads the passages and makes up the rest; one that does not read them is only noted."""
    evidence = probed("questions without an answer that were answered all the same", 3 - declined, "of 3", found.route)
    if declined >= ABSTAINS:
        return None
    if right < RIGHT or found.small_model:
        return seen(BLIND, "passages", f"{right} of 3 answers that stand in the passages were given", evidence)
    return seen(ANSWERS, "passages", f"{3 - declined} of 3 questions without an answer were answered", evidence)
