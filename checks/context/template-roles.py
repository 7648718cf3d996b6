"""The template takes system texts and messages of one role in a row.

What: whether the chat template refuses a system text, or two user messages in a row.

Why: clients that send such conversations get an error 400 or 500 which names the template.

How: the server renders such conversations; nothing is generated.

Limits: some families are made this way, so it is only a note. llama.cpp itself merges a system text that the template
refuses into the first user message.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Rendered,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
SYSTEM = Symptom(id="template-refuses-system", title="The template refuses a system text", severity=Severity.NOTE)
ALTERNATES = Symptom(
    id="template-refuses-alternation", title="The template refuses two user messages in a row", severity=Severity.NOTE
)


async def check(context: Context) -> Verdict:
    """Compare what is refused with what is taken."""
    rendered = await context.fact(Rendered)
    if rendered.user_only is None:
        raise Skip(f"the server refuses to render a single question: {rendered.refusals.get('user_only', '')[:200]}")
    taken = probed("conversation of one question", "rendered", source=rendered.source)
    with_system = refusal(SYSTEM, rendered, "chat", "a conversation with a system text")
    two_users = refusal(ALTERNATES, rendered, "two_users", "a conversation with two user messages in a row")
    return verdict(with_system, two_users, measured=[taken])


def refusal(symptom: Symptom, rendered: Rendered, field: str, what: str) -> Finding | None:
    """The finding of one refused rendering; None when it was taken."""
    why = rendered.refusals.get(field)
    if not why:
        return None
    # The template's own words stand at the end of llama.cpp's message.
    said = probed(f"refusal of {what}", why[-160:], source=rendered.source)
    return seen(symptom, "template", f"{what} is refused by the template", said)
