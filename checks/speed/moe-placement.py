"""A mixture of experts that does not fit leaves its experts, not whole layers, outside the GPU.

What: how a mixture of experts is divided when it is larger than the GPU's memory.

Why: a token uses few of the experts but all of the attention. With whole layers on the processor both wait for RAM;
with only experts there, one report went from 14.6 to 36.5 tok/s.

How: the share of the model on the GPU, a layer count that somebody set, and no option that keeps experts in RAM.
Without a layer count llama.cpp divides by itself, experts first.

Limits: on a very slow processor whole layers can win (29.4 against 26.6 tok/s in one measurement).
"""

from doctor.api import (
    Context,
    Depth,
    LoadedModels,
    ModelCard,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
BY_LAYER = Symptom(
    id="moe-split-by-layer", title="A mixture of experts is divided by whole layers", severity=Severity.NOTE
)

WHOLE = 0.995
EXPERT_OPTIONS = ("-cmoe", "--cpu-moe", "-ncmoe", "--n-cpu-moe", "-ot", "--override-tensor")
EXPERT_VARIABLES = ("LLAMA_ARG_CPU_MOE", "LLAMA_ARG_N_CPU_MOE", "LLAMA_ARG_OVERRIDE_TENSOR")
LAYER_OPTIONS = ("-ngl", "--gpu-layers", "--n-gpu-layers")


async def check(context: Context) -> Verdict:
    """Share on the GPU, and how the rest was chosen."""
    card = await context.fact(ModelCard)
    if card.active_share is None or card.active_share >= 1:
        raise Skip("the model is not known to be a mixture of experts")
    shares = [m.gpu_share for m in (await context.fact(LoadedModels)).models if m.gpu_share is not None]
    if not shares:
        raise Skip("the runtime does not say how much of the model is on the GPU")
    share = reported("share of the model on the GPU", round(min(shares), 3), "", "runtime")
    if min(shares) in (0.0, 1.0) or min(shares) >= WHOLE:
        return verdict(measured=[share])
    server = await context.fact(ServerProcess)
    if not server.environment_readable:
        raise Skip("the server's settings cannot be read by this user")
    layers = server.setting("LLAMA_ARG_N_GPU_LAYERS", *LAYER_OPTIONS)
    layers = layers or ("set" if "num_gpu" in card.parameters_text.split() else None)
    experts = any(server.option_anywhere(name) is not None for name in EXPERT_OPTIONS)
    experts = experts or any(name in server.environment for name in EXPERT_VARIABLES)
    if experts or layers in (None, "auto", "all", "-1"):
        return verdict(measured=[share])
    asked = reported("layers on the GPU", layers, "", "server options")
    text = f"{percent(min(shares))} of a mixture of experts is on the GPU by a fixed layer count, experts included"
    return verdict(seen(BY_LAYER, card.name, text, share, asked))
