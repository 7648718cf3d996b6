"""Decoding on the processor uses as many threads as there are cores.

What: the thread count that the server was told, against the physical cores, and on a machine with several memory nodes
whether the threads are spread over them.

Why: decoding waits for memory; threads beyond the cores wait for each other. One report went from 2.5 to 9 tok/s.

How: `-t`, `LLAMA_ARG_THREADS` or the model's `num_thread`, and the core count of the operating system. Only where part
of the model runs on the processor.

Limits: a virtual machine may show threads as cores; a server's own choice (no option given) is taken as right.
"""

import contextlib
import itertools

from doctor.api import (
    Context,
    Cpu,
    Depth,
    Finding,
    Gpus,
    LoadedModels,
    ModelCard,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
TOO_MANY = Symptom(id="too-many-threads", title="More threads than processor cores")
NOT_SPREAD = Symptom(
    id="numa-not-spread", title="Threads are not spread over the memory nodes", severity=Severity.NOTE, semantic=True
)

WHOLE = 0.995


async def check(context: Context) -> Verdict:
    """Threads asked for against cores."""
    cpu = await context.fact(Cpu)
    server = None
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
    threads, source = await _threads(context, server)
    if not await _uses_processor(context):
        raise Skip("the whole model is on the GPU, where threads do not matter")
    if cpu.physical_cores is None:
        raise Skip("the system does not say how many cores it has")
    cores = reported("physical cores", cpu.physical_cores, "", "operating system")
    spread = _not_spread(cpu, server)
    if threads is None:
        if server is None:
            raise Skip("the server's thread count cannot be read")
        return verdict(spread, measured=[cores, reported("threads", "the runtime's own choice", "", server.name)])
    asked = reported("threads", threads, "", source)
    too_many = None
    if threads > cpu.physical_cores:
        text = f"{threads} threads are asked for on {cpu.physical_cores} physical cores"
        if cpu.performance_cores:
            text += f", {cpu.performance_cores} of them fast ones"
        too_many = seen(TOO_MANY, "threads", text, asked, cores)
    return verdict(too_many, spread, measured=[asked, cores])


async def _threads(context: Context, server: ServerProcess | None) -> tuple[int | None, str]:
    """The count that somebody set, and where."""
    if server is not None and not server.tunnel:
        given = server.setting("LLAMA_ARG_THREADS", "-t", "--threads")
        if given and given.isdigit():
            return int(given), "server options"
    with contextlib.suppress(Skip):
        words = (await context.fact(ModelCard)).parameters_text.split()
        for name, value in itertools.pairwise(words):
            if name == "num_thread" and value.isdigit():
                return int(value), "model parameters"
    return None, ""


async def _uses_processor(context: Context) -> bool:
    """Whether part of the model runs on the processor; on a machine with a GPU only when the runtime says so."""
    with contextlib.suppress(Skip):
        shares = [m.gpu_share for m in (await context.fact(LoadedModels)).models if m.gpu_share is not None]
        if shares:
            return min(shares) < WHOLE
    return all(gpu.integrated for gpu in (await context.fact(Gpus)).devices)


def _not_spread(cpu: Cpu, server: ServerProcess | None) -> Finding | None:
    if cpu.numa_nodes < 2 or server is None or server.tunnel or not server.environment_readable:
        return None
    if server.option_anywhere("--numa") or "LLAMA_ARG_NUMA" in server.environment:
        return None
    nodes = reported("memory nodes", cpu.numa_nodes, "", "operating system")
    return seen(NOT_SPREAD, "threads", f"{cpu.numa_nodes} memory nodes, and the server was not told of them", nodes)
