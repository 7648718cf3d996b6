"""A long prompt does not run out of memory.

What: the words with which a server refuses a long text although it answered a short one.

Why: the model fits and every short test passes; then the first document or the first file of an agent ends in an error
500, because reading it needs one buffer that grows with the prompt.

How: the text of the refusal of the long text with hidden codes, matched with the phrases of MLX, llama.cpp and the
drivers. A Mac's limit for one buffer is named by MLX with both numbers.

Limits: a server that ends for want of memory cannot say so; its own log has the words.
"""

from doctor.api import (
    CanaryText,
    Context,
    Depth,
    Severity,
    Skip,
    Symptom,
    Verdict,
    WarmUp,
    out_of_memory,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 150.0
BUFFER = Symptom(
    id="metal-buffer-too-large",
    title="Reading a long prompt needs one buffer above the Mac's limit",
    severity=Severity.CRITICAL,
)
NO_MEMORY = Symptom(
    id="long-prompt-out-of-memory", title="Memory runs out when a long prompt is read", severity=Severity.CRITICAL
)
METAL = Symptom(
    id="long-prompt-metal-memory",
    title="Reading a long prompt needs more memory than macOS gives the GPU",
    severity=Severity.CRITICAL,
)

# Phrases, lower case, of MLX 0.30 (metal::malloc) and ggml-metal.
ONE_BUFFER = ("greater than the maximum allowed buffer size", "larger than the maximum buffer size", "maxbufferlength")
WORKING_SET = "kiogpucommandbuffercallbackerroroutofmemory"


async def check(context: Context) -> Verdict:
    """What a refusal of the long text says."""
    if not (await context.fact(WarmUp)).first.ok:
        raise Skip("the model does not answer a short request either")
    canary = await context.fact(CanaryText)
    asked = canary.exchange
    length = reported("words of the long text", canary.words, "words", asked.purpose)
    if asked.ok:
        return verdict(measured=[probed("long text", "answered", "", asked.route), length])
    text = asked.error.lower()
    symptom = METAL if WORKING_SET in text else NO_MEMORY if out_of_memory(text) else None
    symptom = BUFFER if any(phrase in text for phrase in ONE_BUFFER) else symptom
    if symptom is None:
        raise Skip("the long text was refused for another reason than memory")
    said = probed("refusal", asked.error[:200], "", asked.route)
    words = f"a short request is answered, a text of {canary.words} words refused: {asked.error[:160]}"
    return verdict(seen(symptom, "long prompt", words, said, length))
