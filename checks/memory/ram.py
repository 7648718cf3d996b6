"""RAM is left while a model is loaded.

What: the memory that programs can still get without swapping, while a model is in memory on this machine.

Why: a machine that runs out of RAM swaps or drops the mapped model file and reads it again from disk: seconds a token.

How: what the operating system calls available, against 5 % of all and against 512 MiB on a small machine.

Limits: says nothing about a limit that a container sets; that is the check container-memory.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    LoadedModels,
    Memory,
    Reach,
    Severity,
    Skip,
    Symptom,
    Verdict,
    mib,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
TIGHT = Symptom(id="ram-tight", title="Almost no RAM is left while a model is loaded", severity=Severity.WARNING)

# Share of the RAM below which swapping was reported; the fixed size counts on machines of 5 to 10 GiB.
FREE_SHARE = 0.05
FREE_BYTES = 512 << 20
FREE_SHARE_SMALL_MACHINE = 0.10


async def check(context: Context) -> Verdict:
    """Available RAM against what a machine needs to keep going."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose memory cannot be seen from here")
    memory = await context.fact(Memory)
    total, available = memory.total_bytes, memory.available_bytes
    measured = reported("available RAM", available, "bytes", "operating system")
    needed = max(total * FREE_SHARE, min(FREE_BYTES, total * FREE_SHARE_SMALL_MACHINE))
    if available >= needed or not await _model_in_memory(context):
        return verdict(measured=[measured])
    share = percent(available / total)
    text = f"{mib(available)} of {mib(total)} RAM ({share}) is available; below {mib(needed)} the machine swaps"
    return verdict(seen(TIGHT, "RAM", text, measured))


async def _model_in_memory(context: Context) -> bool:
    """Whether a model is loaded; a runtime that does not say so has one, or it would not be examined."""
    with contextlib.suppress(Skip):
        return bool((await context.fact(LoadedModels)).models)
    return True
