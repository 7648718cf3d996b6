"""No other program takes the processor or the GPU from the model.

What: processor time of other programs while nothing is asked of the model, and GPU time of other programs.

Why: a game, an encoder or a second model makes the speed vary from run to run.

How: two samples of the process list and the driver's own count per process. A busy machine by itself is a note: it
becomes a cause only together with a decode rate below the bound.

Limits: half a second is looked at; inside a container the programs outside are not seen.
"""

import contextlib

from doctor.api import (
    Context,
    Cpu,
    CpuLoad,
    Depth,
    Evidence,
    Gpu,
    Gpus,
    Identity,
    Reach,
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
BUSY = Symptom(id="machine-busy", title="Other programs keep the machine busy", severity=Severity.NOTE, semantic=True)

BUSY_SHARE = 0.20  # of all cores, or of a GPU's time, taken by one other program or by all of them
# Where the server's own process is not known, these may be it.
MAY_BE_THE_SERVER = ("ollama", "llama", "python", "vllm", "lm studio", "node", "koboldcpp", "local-ai")


async def check(context: Context) -> Verdict:
    """Load by others."""
    await context.fact(Identity)  # a server that is down is not examined further
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    load = await context.fact(CpuLoad)
    cores = (await context.fact(Cpu)).logical_cores
    own = await _own(context)
    others = [p for p in load.processes if not _is_server(p.pid, p.name, own)]
    share = min(1.0, sum(p.cores for p in others) / cores)
    cpu = reported("processor taken by others", round(share, 2), "share", f"{load.seconds:.1f} s of the process list")
    tenants = [t for g in await _gpus(context) for t in g.tenants if not _is_server(t.pid, t.name, own)]
    gpu = [
        reported(f"GPU time of {t.name} (process {t.pid})", round(t.utilisation, 2), "share", "NVML")
        for t in tenants
        if t.utilisation is not None
    ]
    names = ", ".join(f"{p.name} ({p.cores:.1f} cores)" for p in others[:3])
    text = f"other programs take {percent(share)} of the processor while the model is idle: {names}"
    return verdict(
        seen(BUSY, "processor", text, cpu) if share >= BUSY_SHARE else None,
        *(seen(BUSY, "GPU", f"{e.label}: {percent(float(e.value or 0))}", e) for e in gpu if _much(e)),
        measured=[cpu, *gpu],
    )


def _much(evidence: Evidence) -> bool:
    return isinstance(evidence.value, float) and evidence.value >= BUSY_SHARE


async def _own(context: Context) -> set[int]:
    """Process numbers of the server and its children; none when they cannot be read."""
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        return {server.pid, *server.child_pids}
    return set()


def _is_server(pid: int, name: str, own: set[int]) -> bool:
    return pid in own or (not own and name.lower().startswith(MAY_BE_THE_SERVER))


async def _gpus(context: Context) -> tuple[Gpu, ...]:
    with contextlib.suppress(Skip):
        return (await context.fact(Gpus)).devices
    return ()
