"""The model loads without running out of memory.

What: the words with which a server refuses the first request for want of memory.

Why: the same message, an error 500, hides different faults: a model larger than the machine, a buffer that grows with
the batch, an image part, or the limit that macOS sets for its GPU.

How: the text of the refusal, matched with the phrases of Ollama, llama.cpp and the GPU drivers; the model's size tells
whether this machine could hold it at all.

Limits: a llama.cpp or vLLM server that ran out of memory has ended and cannot say so; its own log has the words.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Gpus,
    Memory,
    ModelCard,
    Reach,
    Severity,
    Skip,
    Symptom,
    Verdict,
    WarmUp,
    computed,
    mib,
    out_of_memory,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
BAD = Severity.CRITICAL
NO_MEMORY = Symptom(id="load-out-of-memory", title="Not enough memory to load the model", severity=BAD)
TOO_LARGE = Symptom(id="model-larger-than-machine", title="The model is larger than this machine", severity=BAD)
COMPUTE = Symptom(id="compute-buffer-failed", title="The buffer for computing does not fit", severity=BAD)
PROJECTOR = Symptom(id="projector-out-of-memory", title="The part that reads images does not fit", severity=BAD)
METAL = Symptom(id="metal-out-of-memory", title="macOS gives the GPU no more memory", severity=BAD)

# Phrases that name the part which did not fit, of llama.cpp (0c1e57098) and Metal, lower case.
PHRASES: tuple[tuple[Symptom, tuple[str, ...]], ...] = (
    (METAL, ("kiogpucommandbuffercallbackerroroutofmemory",)),
    (PROJECTOR, ("failed to load mmproj", "clip_init: failed", "projector: out of memory")),
    (COMPUTE, ("failed to allocate compute", "compute buffers", "gallocr_reserve", "graph_reserve: failed")),
)
ROOM_BYTES = 1 << 29  # beside the weights: buffers and a small cache


async def check(context: Context) -> Verdict:
    """The first answer, and what a refusal says."""
    first = (await context.fact(WarmUp)).first
    if first.ok:
        return verdict(measured=[probed("first answer", "given", "", first.route)])
    text = first.error.lower()
    telling = next((symptom for symptom, phrases in PHRASES if any(p in text for p in phrases)), None)
    symptom = telling or (NO_MEMORY if out_of_memory(text) else None)
    if symptom is None:
        raise Skip("the first request was refused for another reason than memory")
    said = probed("refusal", first.error[:200], "", first.route)
    found = [seen(symptom, context.target.model or "model", f"the server refused: {first.error[:160]}", said)]
    with contextlib.suppress(Skip):
        size, room = (await context.fact(ModelCard)).size_bytes or 0, await _room(context)
        if size + ROOM_BYTES > room:
            need = reported("model's weights", size, "bytes", "runtime")
            have = computed("memory of the machine", room, "bytes", "RAM + GPU memory")
            words = f"the weights take {mib(size)}; this machine has {mib(room)} of memory in all"
            found.append(seen(TOO_LARGE, context.target.model or "model", words, need, have))
    return verdict(*found)


async def _room(context: Context) -> int:
    """RAM and GPU memory of this machine in all. Raises Skip when the server is elsewhere."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    memory = await context.fact(Memory)
    gpus = (await context.fact(Gpus)).devices
    return (memory.limit_bytes or memory.total_bytes) + sum(g.memory_total_bytes or 0 for g in gpus if not g.unified)
