"""Linux inside Windows gets enough of the machine's RAM.

What: the RAM that WSL may use against the RAM that Windows has, when the model feels the difference.

Why: WSL takes half of the RAM unless told otherwise; a model that fits the machine does not fit into that half.

How: the size that Windows itself reports, compared with the size seen inside. Half of the RAM is the normal setting
and no finding while memory is plentiful.

Limits: only inside WSL, and only where Windows programs may be started from it.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Memory,
    ModelCard,
    Reach,
    Skip,
    Symptom,
    System,
    Verdict,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
HALVED = Symptom(id="wsl-memory-halved", title="WSL may use only a part of the machine's RAM, and the model needs more")

HALF = 0.6  # the default is 50 %; anything above 60 % was set on purpose
SHORT_SHARE = 0.10  # available, of the RAM inside [judgement]
MODEL_SHARE = 0.8  # of the RAM inside: such a model has no room for its cache [judgement]


async def check(context: Context) -> Verdict:
    """RAM inside against RAM outside, where it matters."""
    if not (await context.fact(System)).wsl:
        raise Skip("this is not Linux inside Windows")
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    memory = await context.fact(Memory)
    outside = memory.wsl_host_total_bytes
    if outside is None:
        raise Skip("Windows could not be asked how much RAM the machine has")
    measured = [
        reported("RAM inside WSL", memory.total_bytes, "bytes", "/proc/meminfo"),
        reported("RAM of the machine", outside, "bytes", "Windows"),
    ]
    short = memory.available_bytes < memory.total_bytes * SHORT_SHARE
    large = await _model_bytes(context) > memory.total_bytes * MODEL_SHARE
    if memory.total_bytes >= outside * HALF or not (short or large):
        return verdict(measured=measured)
    text = f"WSL may use {mib(memory.total_bytes)} of the machine's {mib(outside)} RAM, too little for this model"
    return verdict(seen(HALVED, "WSL", text, *measured))


async def _model_bytes(context: Context) -> int:
    with contextlib.suppress(Skip):
        return (await context.fact(ModelCard)).size_bytes or 0
    return 0
