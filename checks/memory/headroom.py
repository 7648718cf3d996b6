"""What a loaded model may still ask for on the GPU is free.

What: the memory that is free on the cards of the server, and who else holds memory there, by name and size.

Why: a model that is loaded and answers can still fail at the first long prompt, which takes some hundred MiB more; what
other programs hold is then what is missing.

How: the driver's numbers. Less than 512 MiB free, while another program holds more than 1 GiB of the card, is a note.

Limits: vLLM takes its memory at the start and is left out, as is a card that the server alone fills: there the runtime
has decided what fits. The driver must name the server's process among the holders.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Gpu,
    Gpus,
    Identity,
    Reach,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Tenant,
    Verdict,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
SHORT = Symptom(
    id="gpu-headroom-shared", title="Little GPU memory is left, and other programs hold some", severity=Severity.NOTE
)
RUNTIMES = ("llama.cpp", "ollama", "lmstudio", "koboldcpp")
# CUDA's and HIP's pools of llama.cpp grew by 100 to 700 MiB at the first long prompt (sizing measurements).
LONG_PROMPT_BYTES = 512 << 20
TENANT_BYTES = 1 << 30  # a desktop session holds 0.3 to 1 GiB


async def check(context: Context) -> Verdict:
    """Free memory on each card of the server against what a long prompt takes."""
    if (await context.fact(Identity)).runtime not in RUNTIMES:
        raise Skip("this runtime takes its memory in another way")
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    server = await context.fact(ServerProcess)
    own = {server.pid, *server.child_pids}
    gpus = [g for g in (await context.fact(Gpus)).usable if not g.unified and g.memory_free_bytes is not None]
    used = [g for g in gpus if any(t.pid in own for t in g.tenants)]
    if not used:
        raise Skip("no driver here says that the server holds memory of a GPU")
    measured = [*map(_free, used), *(_held(tenant) for gpu in used for tenant in _others(gpu, own))]
    return verdict(*(_card(gpu, _others(gpu, own)) for gpu in used), measured=measured)


def _others(gpu: Gpu, own: set[int]) -> list[Tenant]:
    return [t for t in gpu.tenants if t.pid not in own and (t.memory_bytes or 0) > TENANT_BYTES]


def _free(gpu: Gpu) -> Evidence:
    return reported(f"{gpu.name}: free", gpu.memory_free_bytes, "bytes", gpu.source)


def _held(tenant: Tenant) -> Evidence:
    return reported(f"held by {tenant.name} (process {tenant.pid})", tenant.memory_bytes, "bytes", "driver")


def _card(gpu: Gpu, others: list[Tenant]) -> Finding | None:
    free = gpu.memory_free_bytes or 0
    if not others or free >= LONG_PROMPT_BYTES:
        return None
    names = ", ".join(f"{t.name} {mib(t.memory_bytes or 0)}" for t in others[:3])
    text = f"{mib(free)} of {gpu.name} is free; a long prompt may need {mib(LONG_PROMPT_BYTES)}. Others hold: {names}"
    return seen(SHORT, gpu.name, text, _free(gpu), *map(_held, others))
