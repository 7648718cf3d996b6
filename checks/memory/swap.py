"""The machine does not swap while the model works.

What: bytes read back from swap, and model file pages read from disk again and again, while the model decodes.

Why: a model touches all of its weights for every token; once part of them lives on disk, a token takes seconds.

How: the kernel's counters before and after, taken while the decode probe runs. More than 1 MB/s out of swap with little
RAM left counts, and so does rereading files at 50 MB/s when the model is larger than the RAM.

Limits: a few seconds are looked at; Windows does not count.
"""

import asyncio
import contextlib

from doctor.api import (
    Context,
    DecodeSpeed,
    Depth,
    GpusAtWork,
    Identity,
    Memory,
    ModelCard,
    Reach,
    Severity,
    Skip,
    Swapping,
    Symptom,
    Verdict,
    WarmUp,
    mib,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
SWAPPING = Symptom(
    id="swapping", title="The machine swaps or rereads the model while it works", severity=Severity.WARNING
)

SWAP_IN_BYTES_S = 1e6  # the catalogue's threshold
REREAD_BYTES_S = 50e6  # [judgement] a model that does not fit is reread at the disk's full speed
SHORT_SHARE = 0.15  # of the RAM available: with more, swap traffic is old pages of idle programs [judgement]


async def check(context: Context) -> Verdict:
    """Swap traffic while the model decodes."""
    await context.fact(Identity)  # a server that is down is not examined further
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose memory cannot be seen from here")
    with contextlib.suppress(Skip):
        await context.fact(WarmUp)  # a model that is being loaded reads its file: no fault
    # The GPUs' clocks are looked at during the same probe: it runs once.
    facts = (context.fact(GpusAtWork), context.fact(DecodeSpeed), context.fact(Swapping))
    outcomes = await asyncio.gather(*facts, return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, Skip):
            raise outcome
    swapping = await context.fact(Swapping)
    memory = await context.fact(Memory)
    back = probed("read back from swap", round(swapping.in_bytes_s), "bytes/s", "kernel counters")
    again = probed("file pages read again", round(swapping.reread_bytes_s), "bytes/s", "kernel counters")
    free = reported("available RAM", memory.available_bytes, "bytes", "operating system")
    if swapping.in_bytes_s > SWAP_IN_BYTES_S and memory.available_bytes < memory.total_bytes * SHORT_SHARE:
        text = (
            f"{mib(swapping.in_bytes_s)} a second come back from swap, {mib(memory.available_bytes)} RAM is available"
        )
        return verdict(seen(SWAPPING, "RAM", text, back, free))
    size = await _model_bytes(context)
    if swapping.reread_bytes_s > REREAD_BYTES_S and size > memory.total_bytes:
        text = (
            f"{mib(swapping.reread_bytes_s)} a second of files are read again; "
            f"the model's {mib(size)} do not fit into {mib(memory.total_bytes)} RAM"
        )
        return verdict(seen(SWAPPING, "RAM", text, again, free))
    return verdict(measured=[back, again, free])


async def _model_bytes(context: Context) -> int:
    with contextlib.suppress(Skip):
        return (await context.fact(ModelCard)).size_bytes or 0
    return 0
