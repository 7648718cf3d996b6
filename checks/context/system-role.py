"""The system text reaches the model.

What: whether one hundred words of system text make the prompt longer, whether a rule in the system text is obeyed, and
whether a system text is accepted at all.

Why: persona, rules and tool definitions stand in the system text. A template that drops it loses them without a word.

How: prompt tokens with and without the hundred words, which proves by counting; and one rule that shows in the answer,
given in the system text and, on a miss, in the user text.

Limits: small models miss rules wherever they stand. A rule that is missed counts only when it works in the user text,
is missed in two of three questions, and the counts do not show that the system text was read.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Severity,
    Skip,
    Symptom,
    SystemRole,
    Verdict,
    computed,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
DROPPED = Symptom(
    id="system-text-not-counted", title="The system text is not in the prompt", severity=Severity.CRITICAL
)
IGNORED = Symptom(id="system-rule-ignored", title="A rule works in the user text only", semantic=True)
REFUSED = Symptom(id="system-role-refused", title="A system text is refused")
# One hundred common words take 100 to 170 tokens; some templates add a few by themselves (probe P07).
READ_TOKENS = 20
REFUSALS = range(400, 501)
BUSY = {401, 403, 404, 408, 429}


async def check(context: Context) -> Verdict:
    """Judge by the refusal, then by counting, then by behaviour."""
    role = await context.fact(SystemRole)
    answer = role.in_system
    if answer.status in REFUSALS and answer.status not in BUSY:
        error = probed("answer to a system text", answer.error, "", answer.route)
        return verdict(seen(REFUSED, "system text", f"HTTP {answer.status}: {answer.error}", error))
    said = probed("answer under a rule in the system text", plain(answer.text, 60), "", "probe P07")
    counted = growth(role)
    if counted is not None and counted[0] < READ_TOKENS:
        text = f"{role.system_words} words of system text made the prompt {counted[0]} tokens longer"
        return verdict(seen(DROPPED, "system text", text, *counted[1]), measured=[*counted[1], said])
    measured = [*(counted[1] if counted else ()), said]
    if not answer.ok:
        raise Skip(f"the request with a system text failed ({answer.error})")
    if not role.obeyed_in_system and not role.obeyed_in_user and counted is None:
        raise Skip("the rule is obeyed nowhere, and the server does not count prompt tokens")
    return verdict(ignored(role, said, counted is not None), measured=measured)


def growth(role: SystemRole) -> tuple[int, list[Evidence]] | None:
    """Tokens that the system text added, with the evidence; None where the server does not count."""
    if role.tokens_with is None or role.tokens_without is None:
        return None
    more = role.tokens_with - role.tokens_without
    counts = probed(
        "prompt tokens with and without", f"{role.tokens_with}, {role.tokens_without}", "tokens", "probe P07"
    )
    return more, [computed("tokens added by the system text", more, "tokens", "difference"), counts]


def ignored(role: SystemRole, said: Evidence, was_read: bool) -> Finding | None:
    """The finding of a rule that works in the user text only; a note when the count shows that it was read."""
    if role.obeyed_in_system or not role.obeyed_in_user or role.in_system.stopped_early or role.in_system.only_thought:
        return None
    if role.again and all(role.obeyed_again):
        return None  # one miss of three is chance
    severity = Severity.NOTE if was_read else Severity.WARNING
    return seen(IGNORED, "system text", "the same rule is obeyed in the user text only", said, severity=severity)
