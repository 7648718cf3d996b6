"""GPU memory leaves room for the model.

What: how much of each GPU's memory is in use, and by whom, while part of the model had to stay outside it.

Why: what does not fit runs on the processor and sets the pace; often another program holds what the model needs.

How: the driver's numbers and the share that the runtime reports. A full card with the whole model on it is healthy,
vLLM takes 92 % on purpose, and a desktop's 1 GiB is normal: none of them is a finding.

Limits: GPUs that share the RAM with the processor are left out, as are programs that a container hides.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Gpu,
    Gpus,
    LoadedModels,
    Reach,
    ServerProcess,
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
TIGHT = Symptom(id="gpu-memory-tight", title="GPU memory is full and part of the model is outside it")
OTHER = Symptom(id="other-tenant-holds-gpu", title="Another program holds GPU memory that the model needs")

# Less than this is no room for another layer. [judgement]
FREE_SHARE = 0.05
FREE_BYTES = 512 << 20
TENANT_BYTES = 1 << 30  # a desktop session holds 0.3 to 1 GiB
WHOLE = 0.995
# When the server's own process is not among the holders, these may be it under another number.
MAY_BE_THE_SERVER = ("ollama", "llama", "python", "vllm", "lm studio", "node", "koboldcpp", "local-ai", "process")


async def check(context: Context) -> Verdict:
    """Room on the GPUs against what the runtime had to leave outside."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose GPUs cannot be seen from here")
    own = [g for g in (await context.fact(Gpus)).devices if g.memory_total_bytes and not g.unified]
    gpus = [g for g in own if g.memory_free_bytes is not None]
    if not gpus:
        raise Skip("no GPU with memory of its own tells how full it is")
    total, free = sum(g.memory_total_bytes or 0 for g in gpus), sum(g.memory_free_bytes or 0 for g in gpus)
    measured = [reported("free GPU memory", free, "bytes", gpus[0].source), *(_line(g) for g in gpus)]
    outside = await _outside_bytes(context)
    if not outside:
        return verdict(measured=measured)
    left = reported("part of the model outside GPU memory", outside, "bytes", "runtime")
    tight = free < max(total * FREE_SHARE, FREE_BYTES)
    text = f"{mib(free)} of {mib(total)} GPU memory is free, and {mib(outside)} of the model is outside it"
    findings = [seen(TIGHT, gpus[0].name, text, *measured, left) if tight else None]
    findings += [_finding(tenant, free, outside, left) for tenant in await _foreign(context, gpus)]
    return verdict(*findings, measured=[*measured, left])


def _line(gpu: Gpu) -> Evidence:
    used = gpu.memory_used_bytes or 0
    return reported(f"{gpu.name}: used of {mib(gpu.memory_total_bytes or 0)}", used, "bytes", gpu.source)


async def _outside_bytes(context: Context) -> int:
    """Bytes of the loaded models that are not in GPU memory; 0 when all is inside or nothing is known."""
    with contextlib.suppress(Skip):
        models = (await context.fact(LoadedModels)).models
        return sum(m.size_bytes - (m.vram_bytes or 0) for m in models if m.size_bytes and (m.gpu_share or 1) < WHOLE)
    return 0


async def _foreign(context: Context, gpus: list[Gpu]) -> list[Tenant]:
    tenants = {t.pid: t for g in gpus for t in g.tenants if (t.memory_bytes or 0) > TENANT_BYTES}
    own: set[int] = set()
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        own = {server.pid, *server.child_pids}
    known = bool(own.intersection(t.pid for g in gpus for t in g.tenants))
    others = [t for t in tenants.values() if t.pid not in own]
    return [t for t in others if known or not t.name.lower().startswith(MAY_BE_THE_SERVER)]


def _finding(tenant: Tenant, free: int, outside: int, left: Evidence) -> Finding | None:
    """The tenant, when its memory would have made the difference."""
    held = tenant.memory_bytes or 0
    if free + held < outside:
        return None
    evidence = reported(f"GPU memory held by {tenant.name} (process {tenant.pid})", held, "bytes", "driver")
    text = f"{tenant.name} holds {mib(held)} of GPU memory; {mib(outside)} more would hold the model"
    return seen(OTHER, tenant.name, text, evidence, left)
