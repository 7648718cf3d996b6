"""The weights have enough bits.

What: how many bits each weight has on average.

Why: at about three bits and below, models choose other words than at full precision in one case out of seven or more.

How: the mean over the file's tensors, else size over parameters, else the usual value of the quantisation's name.

Limits: a note, never a fault by itself: large models and quantisations made for one model do better than the table.
"""

from doctor.api import (
    Context,
    Depth,
    FileHealth,
    ModelCard,
    Models,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
FEW = Symptom(id="few-bits-per-weight", title="The weights have few bits", severity=Severity.NOTE)
# Top token differs from full precision: Q2_K 15 %, IQ3_XXS 11 % (a 7B model, llama.cpp pull request 5676).
FEW_BITS = 3.2
# Usual bits of a name's beginning, longest first; families mix types, so these are round.
BITS = {"IQ1": 1.8, "IQ2": 2.4, "IQ3_XXS": 3.2, "IQ3": 3.5, "IQ4": 4.4, "TQ1": 1.7, "TQ2": 2.1, "MXFP4": 4.3}
BITS |= {"Q2": 3.0, "Q3": 3.9, "Q4": 4.8, "Q5": 5.7, "Q6": 6.6, "Q8": 8.5, "F16": 16.0, "BF16": 16.0, "F32": 32.0}


async def check(context: Context) -> Verdict:
    """Find the bits and compare."""
    if (await context.fact(Models)).remote:
        raise Skip("the model runs on another machine behind a local address")
    bits, source = await bits_per_weight(context)
    evidence = computed("bits per weight", round(bits, 2), "bits", source)
    if bits > FEW_BITS:
        return verdict(measured=[evidence])
    card = await context.fact(ModelCard)
    kind = reported("quantisation", card.quantization, source="runtime")
    summary = f"each weight has {bits:.1f} bits on average; from about 4.5 on the loss is small"
    return verdict(seen(FEW, card.name, summary, evidence, kind))


async def bits_per_weight(context: Context) -> tuple[float, str]:
    """Bits and where they are from. Raises Skip when nothing says."""
    try:
        measured = (await context.fact(FileHealth)).bits_per_weight
    except Skip:
        measured = None
    if measured:
        return measured, "tensors of the file"
    card = await context.fact(ModelCard)
    if card.size_bytes and card.parameters:
        return 8 * card.size_bytes / card.parameters, "size / parameters"
    name = card.quantization.upper().replace("-", "_")
    known = next((bits for start, bits in sorted(BITS.items(), reverse=True) if name.startswith(start)), None)
    if known is None:
        raise Skip("the server does not say how the weights are stored")
    return known, f"usual value of {card.quantization}"
