"""Garbage from the GPU is computed again without it.

What: a line that came back as garbage from a model on a GPU, copied by the same model on the processor alone.

Why: one changed factor convicts. If the processor copies the line, file, template and cache format are sound and the
GPU's driver, backend or flash attention is at fault. If it does not, no driver update will help.

How: one request with num_gpu 0 at depth deep, only after garbage. Ollama loads the model twice more for it.

Limits: Ollama only. The processor also computes without the GPU's flash attention, so the two are not told apart.
"""

from doctor.api import (
    Context,
    CpuControl,
    Depth,
    Severity,
    Symptom,
    Verdict,
    computed,
    degeneration,
    plain,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
DEADLINE_S = 200.0
GOOD = Symptom(
    id="good-on-cpu", title="The processor computes right what the GPU computes wrong", severity=Severity.CRITICAL
)
GOOD_COPY = 0.9  # similarity of the copied line


async def check(context: Context) -> Verdict:
    """Judge the copy that the processor made."""
    control = await context.fact(CpuControl)
    if control.exchange is None:
        return verdict(measured=[computed("similarity of the first copy", round(control.first, 2), "", "probe P02")])
    copy = probed("copy by the processor", plain(control.exchange.text, 60) or "(empty)", "", control.exchange.route)
    alike = computed("similarity with the line", round(control.similarity, 2), "", "matching characters")
    if control.similarity < GOOD_COPY or degeneration(control.exchange.text).kind:
        return verdict(measured=[copy, alike])
    text = "the same model copies a line rightly on the processor that comes back as garbage from the GPU"
    return verdict(seen(GOOD, "GPU", text, copy, alike))
