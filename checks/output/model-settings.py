"""What the model's own settings do to every answer.

What: sampling, output limit, end tokens and system text that the model or the server carry as defaults.

Why: a client that sends no settings gets these. A very high temperature gives random words, a strong penalty breaks
code and JSON, a low limit cuts answers, ignored end tokens let every answer run on, and a built-in system text is a
persona that nobody asked for.

How: the defaults that the live server states, the parameters of an Ollama model, and the options on the server's
command line.

Limits: what clients send instead is not seen here; thresholds for penalties are a judgement, so they are notes.
"""

import contextlib

from doctor.api import (
    AnswerDefaults,
    Context,
    Depth,
    Evidence,
    Finding,
    ModelCard,
    Severity,
    Skip,
    Symptom,
    Verdict,
    plain,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
HOT = Symptom(id="sampler-hot", title="The default temperature is very high")
PENALTY = Symptom(id="penalty-high", title="The default repeat penalty is strong", severity=Severity.NOTE)
REWARD = Symptom(id="repeats-rewarded", title="Repeating words is rewarded by default", severity=Severity.NOTE)
LIMIT = Symptom(id="output-limit-low", title="Answers are cut at a low default limit", severity=Severity.NOTE)
ENDLESS = Symptom(
    id="end-token-ignored", title="The server ignores the end of every answer", severity=Severity.CRITICAL
)
PERSONA = Symptom(id="own-system-text", title="The model brings its own system text", severity=Severity.NOTE)
HOT_TEMPERATURE = 1.3
STRONG = {"repeat_penalty": 1.2, "presence_penalty": 1.5, "dry_multiplier": 1.5}  # 1.1, 0 and 0.8 are recommended
REWARDED = {"repeat_penalty": 0.9, "presence_penalty": -0.5}  # below these, words are liked for having been said
LOW_LIMIT = 512  # tokens; often met as answers cut in mid-sentence


async def check(context: Context) -> Verdict:
    """Judge each setting by itself."""
    defaults = None
    with contextlib.suppress(Skip):
        defaults = await context.fact(AnswerDefaults)
    persona = await own_text(context)
    known = [evidence for name in JUDGED if defaults and (evidence := stated(defaults, name))]
    if defaults is None and persona is None:
        raise Skip("neither the model nor the server names settings for answers")
    findings = [one for evidence in known for one in judged(evidence) if one]
    if persona is not None:
        text = f"requests without a system text get the model's own: {persona.value}"
        findings.append(seen(PERSONA, "system text", text, persona))
    settings = [*known, *([persona] if persona else [])]
    return verdict(*findings, measured=settings or [reported("settings that could spoil answers", 0)])


JUDGED = ("temperature", *STRONG, "num_predict", "ignore_eos")


def judged(setting: Evidence) -> list[Finding | None]:
    """What one setting does."""
    name, value = setting.label, float(str(setting.value))
    if name == "temperature" and value > HOT_TEMPERATURE:
        return [seen(HOT, name, f"{name} is {value:g} by default, over {HOT_TEMPERATURE:g}", setting)]
    if value > STRONG.get(name, value):
        return [seen(PENALTY, name, f"{name} is {value:g} by default, over {STRONG[name]:g}", setting)]
    if value < REWARDED.get(name, value):
        text = f"{name} is {value:g} by default, under {REWARDED[name]:g}: repeats are rewarded"
        return [seen(REWARD, name, text, setting)]
    if name == "num_predict" and 0 < value <= LOW_LIMIT:
        text = f"answers end after {value:g} tokens when a client sends no limit"
        return [seen(LIMIT, "output limit", text, setting)]
    if name == "ignore_eos" and value:
        text = "the server was told to ignore end tokens, so answers run on to their limit"
        return [seen(ENDLESS, "end token", text, setting)]
    return []


def stated(defaults: AnswerDefaults, name: str) -> Evidence | None:
    """A setting as evidence, None where nobody names it."""
    value = defaults.values.get(name)
    return None if value is None else reported(name, value, "", defaults.sources.get(name, ""))


async def own_text(context: Context) -> Evidence | None:
    """The model's own system text."""
    with contextlib.suppress(Skip):
        if text := (await context.fact(ModelCard)).system_prompt:
            return reported("system text", plain(text, 80), "", "model parameters")
    return None
