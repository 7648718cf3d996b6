"""The GPUs while the model decodes: throttling shows under load only, an idle card is always "slow"."""

import asyncio
from collections.abc import Sequence

import msgspec

from doctor.collect.gpu import look
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import DecodeSpeed, Gpu, Gpus, GpusAtWork

SAMPLE_S = 0.3
WORKING = 0.5  # of the GPU's time: below this its clocks say nothing
MOST_SAMPLES = 200


async def collect_gpus_at_work(context: Context) -> GpusAtWork:
    """Look at the GPUs until the decode probe is over. Raises Skip without a GPU that tells its load."""
    idle = await context.fact(Gpus)
    if not any(gpu.utilisation is not None for gpu in idle.devices):
        raise Skip("no GPU here tells how busy it is")
    decoding = asyncio.ensure_future(context.fact(DecodeSpeed))
    looks: list[Gpus] = []
    while len(looks) < MOST_SAMPLES:
        await asyncio.wait({decoding}, timeout=SAMPLE_S)
        looks.append(await look())
        if decoding.done():
            break
    await decoding
    return merged(looks)


def merged(looks: Sequence[Gpus]) -> GpusAtWork:
    """One value for each GPU over all looks; clocks and throttle reasons only from those at which it worked."""
    by_index: dict[tuple[str, int], list[Gpu]] = {}
    for gpus in looks:
        for gpu in gpus.devices:
            by_index.setdefault((gpu.vendor, gpu.index), []).append(gpu)
    return GpusAtWork(devices=tuple(_over(seen) for seen in by_index.values()), samples=len(looks))


def _over(seen: Sequence[Gpu]) -> Gpu:
    working = [gpu for gpu in seen if (gpu.utilisation or 0) >= WORKING]
    clocks = [gpu.clock_mhz for gpu in working if gpu.clock_mhz is not None]
    return msgspec.structs.replace(
        max(seen, key=lambda gpu: gpu.utilisation or 0),
        clock_mhz=min(clocks, default=None),
        throttle=tuple(sorted({reason for gpu in working for reason in gpu.throttle})),
    )
