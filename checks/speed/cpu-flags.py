"""The processor offers the vector instructions that model runtimes are built for.

What: AVX and AVX2 among the flags of an x86 processor.

Why: without them decoding falls to a fraction, and some releases refuse the GPU as well. Virtual machines hide them
although the real processor has them.

How: the flags that the kernel lists. A missing AVX2 counts only where the model runs on the processor.

Limits: Linux only; ARM processors have their own units and are not judged.
"""

import contextlib

from doctor.api import (
    Context,
    Cpu,
    Depth,
    LoadedModels,
    Reach,
    Skip,
    Symptom,
    System,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
WITHOUT_AVX = Symptom(id="cpu-without-avx", title="The processor shows no AVX or AVX2")

WHOLE = 0.995


async def check(context: Context) -> Verdict:
    """Vector flags of the processor."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose processor cannot be seen from here")
    if (await context.fact(System)).arch not in ("x86_64", "amd64"):
        raise Skip("this is no x86 processor")
    cpu = await context.fact(Cpu)
    if not cpu.flags_known:
        raise Skip("the system does not list the processor's flags")
    missing = [name for name in ("avx", "avx2") if name not in cpu.flags]
    shown = [flag for flag in ("avx", "avx2", "avx512f") if flag in cpu.flags]
    measured = reported("vector flags", ", ".join(shown) or "none", "", "/proc/cpuinfo")
    if not missing or (missing == ["avx2"] and await _on_gpu(context)):
        return verdict(measured=[measured])
    return verdict(seen(WITHOUT_AVX, cpu.name, f"{cpu.name} shows no {' and no '.join(missing)}", measured))


async def _on_gpu(context: Context) -> bool:
    """Whether all of the loaded models is known to be on a GPU."""
    with contextlib.suppress(Skip):
        models = (await context.fact(LoadedModels)).models
        return bool(models) and all((model.gpu_share or 0) >= WHOLE for model in models)
    return False
