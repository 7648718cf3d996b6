"""How much memory is free in the place where the served model lies."""

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import Gpus, Identity, LoadedModels, Memory, ModelCard, ServerProcess

WHOLE = 0.995  # share in GPU memory that counts as all


async def free_where_it_is(context: Context) -> tuple[int | None, str, str]:
    """Free bytes where the model is, and the name of that place; else why there is no such number."""
    gpus = [
        g for g in (await context.fact(Gpus)).devices if not g.unified and not g.integrated and g.memory_total_bytes
    ]
    memory = await context.fact(Memory)
    if not gpus:
        left = memory.available_bytes
        if memory.limit_bytes is not None:
            left = min(left, memory.limit_bytes - (memory.limit_used_bytes or 0))
        return left, "RAM", ""
    if len(gpus) > 1:
        return None, "", "how a runtime spreads a model over several GPUs is not forecast"
    if not await _all_on_the_gpu(context):
        return None, "", "the model is not known to be all on the GPU now"
    if gpus[0].memory_free_bytes is None:
        return None, "", f"the driver does not say how much memory of {gpus[0].name} is free"
    return gpus[0].memory_free_bytes, "GPU memory", ""


async def _all_on_the_gpu(context: Context) -> bool:
    """Whether the runtime says that the whole model is in GPU memory."""
    try:
        card, loaded = await context.fact(ModelCard), (await context.fact(LoadedModels)).models
    except Skip:
        return False
    shares = [m.gpu_share for m in loaded if m.name == card.name]
    return bool(shares) and (shares[0] or 0) >= WHOLE


async def maps_its_file(context: Context) -> bool:
    """Whether the weights are pages of the file, which the kernel counts as available although all are needed."""
    if (await context.fact(Identity)).runtime != "llama.cpp":
        return False
    try:
        return not (await context.fact(ServerProcess)).has("--no-mmap", "--mlock")
    except Skip:
        return True
