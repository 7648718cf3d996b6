"""What this model cannot do, though nothing is broken.

What: the answers that were wrong while template, tokenizer, file and window showed no fault.

Why: a small model fails questions, rules and long texts by its nature. Hunting for a fault that is not there costs an
evening; knowing the limit takes another model, or another task.

How: the misses of the other checks, read together. Nothing more is asked. A miss that a control or a structural sign
explains is not counted, and a model that fails nothing is not mentioned.

Limits: a handful of items says what was missed, not how often it would be.
"""

import contextlib

from doctor.api import (
    CanaryText,
    Context,
    ControlAnswers,
    Depth,
    Echo,
    Evidence,
    ModelCard,
    RawText,
    Severity,
    Skip,
    Symptom,
    SystemRole,
    Verdict,
    degeneration,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
LIMITED = Symptom(
    id="model-limited", title="The model is too weak for some tasks", severity=Severity.NOTE, semantic=True
)
GOOD_COPY = 0.9
ENOUGH_CODES = 3


async def check(context: Context) -> Verdict:
    """Collect what was missed, unless something is broken."""
    echo = await context.fact(Echo)
    if not echo.exchange.ok or not echo.exchange.text or degeneration(echo.exchange.text).kind:
        raise Skip("plain text is not sane, so nothing can be said about what the model can do")
    if await control_speaks(context):
        raise Skip("a control speaks of a fault, so misses say nothing about the model")
    missed = [*(["copying a line"] if echo.similarity < GOOD_COPY else []), *await others(context)]
    tried = probed("missed by the model", ", ".join(missed) or "nothing", "", "probes P02-P16")
    if not missed:
        return verdict(measured=[tried])
    size = await parameters(context)
    text = f"it missed {', '.join(missed)}; where no fault is named, that is the model's limit"
    return verdict(seen(LIMITED, "model", text, tried, *size))


async def control_speaks(context: Context) -> bool:
    """Whether text without the template is right where chat is wrong, or broken as well."""
    with contextlib.suppress(Skip):
        raw = await context.fact(RawText)
        bypassed = any(raw.right) and not raw.only_a_copy
        return raw.chat_failed and (bypassed or not any(raw.continued))
    return False


async def others(context: Context) -> list[str]:
    """Misses of the other probes in plain words."""
    missed: list[str] = []
    with contextlib.suppress(Skip):
        control = await context.fact(ControlAnswers)
        wrong = control.right.count(False)
        missed += [f"{wrong} of {len(control.right)} simple questions"] if wrong > 1 else []
    with contextlib.suppress(Skip):
        role = await context.fact(SystemRole)
        neither = not role.obeyed_in_system and role.obeyed_in_user is False
        missed += ["a rule, wherever it stands"] if neither and not role.in_system.only_thought else []
    with contextlib.suppress(Skip):
        canary = await context.fact(CanaryText)
        codes = sum(needle.found for needle in canary.needles)
        asked = canary.exchange.ok and canary.exchange.max_tokens > 1 and canary.repeats
        missed += [f"{4 - codes} of 4 codes in a long text"] if asked and codes < ENOUGH_CODES else []
    return missed


async def parameters(context: Context) -> list[Evidence]:
    """The model's size as evidence, where it is known."""
    with contextlib.suppress(Skip):
        card = await context.fact(ModelCard)
        if card.parameters:
            return [reported("parameters", f"{card.parameters / 1e6:.0f} million", "", "the server")]
    return []
