"""vLLM's pool of KV cache blocks: how many tokens it holds, how full it is, and what it costs the requests.

Metrics of vLLM 0.32.0. `num_preemptions_total` counts since the start, so it is read twice while requests are at work:
an old count says nothing about now.
"""

import asyncio
from collections.abc import Mapping

from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import CachePool, Window
from doctor.runtimes.metrics import Sample, read_metrics

USAGE, WAITING, RUNNING = "vllm:kv_cache_usage_perc", "vllm:num_requests_waiting", "vllm:num_requests_running"
PREEMPTED, CONFIG = "vllm:num_preemptions_total", "vllm:cache_config_info"
WANTED = (USAGE, WAITING, RUNNING, PREEMPTED, CONFIG)
APART_S = 2.0


async def collect_cache_pool(context: Context) -> CachePool:
    """The pool now, and again after two seconds where requests are at work. Raises Skip without its size."""
    first = await read_metrics(context, WANTED)
    tokens = pool_tokens(first.get(CONFIG, ()))
    if not tokens:
        raise Skip("the server does not say how many tokens its KV cache holds")
    last, apart_s = first, 0.0
    if summed(first, RUNNING) or summed(first, WAITING):
        await asyncio.sleep(APART_S)
        last, apart_s = await read_metrics(context, WANTED), APART_S
    return CachePool(
        tokens=tokens,
        window=(await context.fact(Window)).per_request or 0,
        usage=min(_most(first, USAGE), _most(last, USAGE)),
        waiting=int(min(summed(first, WAITING), summed(last, WAITING))),
        running=int(summed(last, RUNNING)),
        preempted_since_start=int(summed(last, PREEMPTED)),
        preempted=int(max(0.0, summed(last, PREEMPTED) - summed(first, PREEMPTED))),
        seconds=apart_s,
        source="GET /metrics",
    )


def pool_tokens(config: tuple[Sample, ...]) -> int:
    """Tokens of all engines together: as said, else blocks times their size."""
    return sum(_of_engine(sample.labels) for sample in config)


def _of_engine(labels: Mapping[str, str]) -> int:
    said, blocks, size = (labels.get(name, "") for name in ("kv_cache_size_tokens", "num_gpu_blocks", "block_size"))
    if said.isdigit():
        return int(said)
    return int(blocks) * int(size) if blocks.isdigit() and size.isdigit() else 0


def summed(samples: Mapping[str, tuple[Sample, ...]], name: str) -> float:
    """The metric over all engines."""
    return sum(sample.value for sample in samples.get(name, ()))


def _most(samples: Mapping[str, tuple[Sample, ...]], name: str) -> float:
    return max((sample.value for sample in samples.get(name, ())), default=0.0)
