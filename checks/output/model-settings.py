"""What the model's own settings do to every answer.

What: sampling, output limit, end tokens and system text that the model or the server carry as defaults.

Why: a client that sends no settings gets these. A very high temperature gives random words, a strong penalty breaks
code and JSON, a low limit cuts answers, ignored end tokens let every answer run on, and a built-in system text is a
persona that nobody asked for.

How: the defaults that the live server states, the parameters that Ollama reports for the model, and the options on
the server's command line.

Limits: what clients send instead is not seen here; thresholds for penalties are a judgement, so they are notes.
"""

import contextlib
import re

from doctor.api import (
    AnswerDefaults,
    Context,
    Depth,
    Evidence,
    Finding,
    Identity,
    ModelCard,
    ServerProcess,
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
LIMIT = Symptom(id="output-limit-low", title="Answers are cut at a low default limit", severity=Severity.NOTE)
ENDLESS = Symptom(
    id="end-token-ignored", title="The server ignores the end of every answer", severity=Severity.CRITICAL
)
PERSONA = Symptom(id="own-system-text", title="The model brings its own system text", severity=Severity.NOTE)
HOT_TEMPERATURE = 1.3
STRONG_REPEAT, STRONG_PRESENCE = 1.2, 1.5
LOW_LIMIT = 512  # tokens; the default of mlx_lm.server (read at 0.32), often met as answers cut in mid-sentence
OPTIONS = {
    "temperature": ("--temp", "--temperature"),
    "repeat_penalty": ("--repeat-penalty",),
    "presence_penalty": ("--presence-penalty",),
    "num_predict": ("-n", "--predict", "--n-predict", "--max-tokens"),
}
LIVE = {"num_predict": "n_predict"}  # the same in llama.cpp's /props, where it has another name


async def check(context: Context) -> Verdict:
    """Judge each setting by itself."""
    values = await settings(context)
    findings: list[Finding | None] = [
        above(HOT, values, "temperature", HOT_TEMPERATURE),
        above(PENALTY, values, "repeat_penalty", STRONG_REPEAT)
        or above(PENALTY, values, "presence_penalty", STRONG_PRESENCE),
    ]
    limit = values.get("num_predict")
    if limit is not None and 0 < float(str(limit.value)) <= LOW_LIMIT:
        text = f"answers end after {float(str(limit.value)):g} tokens when a client sends no limit"
        findings.append(seen(LIMIT, "output limit", text, limit))
    endless = values.get("ignore_eos")
    if endless is not None and endless.value:
        text = "the server was told to ignore end tokens, so answers run on to their limit"
        findings.append(seen(ENDLESS, "end token", text, endless))
    persona = values.get("system")
    if persona is not None and persona.value:
        text = f"requests without a system text get the model's own: {persona.value}"
        findings.append(seen(PERSONA, "system text", text, persona))
    return verdict(*findings, measured=values.values())


async def settings(context: Context) -> dict[str, Evidence]:
    """Known settings by Ollama's names. Raises Skip when nothing is known."""
    found: dict[str, Evidence] = {}
    with contextlib.suppress(Skip):
        live = await context.fact(AnswerDefaults)
        for name in (*OPTIONS, "ignore_eos"):
            if (value := live.values.get(LIVE.get(name, name))) is not None:
                found[name] = reported(name, value, "", live.source)
    with contextlib.suppress(Skip):
        card = await context.fact(ModelCard)
        for name in OPTIONS:
            if value := re.search(rf"^{name}\s+(-?[\d.]+)\s*$", card.parameters_text, re.MULTILINE):
                found[name] = reported(name, float(value[1]), "", "model parameters")
        if card.system_prompt:
            found["system"] = reported("system text", plain(card.system_prompt, 80), "", "model parameters")
    with contextlib.suppress(Skip, ValueError):
        process = await context.fact(ServerProcess)
        for name, options in OPTIONS.items():
            if value_text := process.option(*options):
                found[name] = reported(name, float(value_text), "", f"command line of process {process.pid}")
        if (await context.fact(Identity)).runtime == "mlx-lm" and "num_predict" not in found:
            found["num_predict"] = reported("num_predict", LOW_LIMIT, "tokens", "default of mlx_lm.server")
    if not found:
        raise Skip("neither the model nor the server's command line names defaults for answers")
    return found


def above(symptom: Symptom, values: dict[str, Evidence], name: str, limit: float) -> Finding | None:
    """The finding of a value over its limit."""
    value = values.get(name)
    if value is None or not isinstance(value.value, float) or value.value <= limit:
        return None
    return seen(symptom, name, f"{name} is {value.value:g} by default, over {limit:g}", value)
