"""How fast one stream can decode on this machine: bytes read for each token over the bandwidth that is reached.

The formula and its constants are those of `doctor.sizing.speed`. What a token reads comes from the model's header where
the file can be read, else from its size. Every doubt widens the limits: this number may miss a slow
machine, it must not accuse a healthy one.
"""

import re

import msgspec

from doctor.collect.bandwidth import peak_of
from doctor.context import Context
from doctor.errors import Skip
from doctor.facts import (
    Bandwidth,
    DecodeBound,
    Gpu,
    Gpus,
    LoadedModels,
    ModelCard,
    Models,
    Reach,
    ServerProcess,
    System,
)
from doctor.facts.sizing import Footprint
from doctor.sizing.classes import CLASSES, Class, kind_of
from doctor.sizing.hardware import find
from doctor.sizing.speed import FASTEST_TOK_S, Part
from doctor.sizing.speed import seconds_a_token as sum_of_seconds

GB = 1e9
MIXTURE = re.compile(r"moe|mixtral|deepseek|gpt-?oss|a\d+b", re.IGNORECASE)
# No runtime says which backend it uses, and driver bandwidth is a peak: both widen the limits by a fifth.
UNKNOWN_BACKEND = 0.8
# Attention and shared layers of a mixture are read for every token; the largest such share in the fit was 0.115.
ALWAYS_ACTIVE = 0.12
MIXTURE_ROUTING = 0.85
LAYERS_WHEN_UNKNOWN = 48
# Below these the fixed costs of a token count more than the memory: no verdict, only advice.
SMALLEST_PARAMETERS = 1.5e9
SMALLEST_BYTES = 2 * GB
# Of a card's memory, what a model's weights can take beside its cache and buffers.
WEIGHTS_SHARE = 0.85


async def collect_decode_bound(context: Context) -> DecodeBound:
    """The bound for the examined model on this machine. Raises Skip when something that it needs is not known."""
    await _must_run_here(context)
    card = await context.fact(ModelCard)
    if not card.size_bytes:
        raise Skip("the runtime does not say how large the model's weights are")
    active = await _active(context, card)
    gpus = usable_gpus(await context.fact(Gpus))
    best_share = min(1.0, sum(g.memory_total_bytes or 0 for g in gpus) * WEIGHTS_SHARE / card.size_bytes)
    placed_share = await _placed_share(context, card)
    why = _why_advise_only(card, active) or _weak_host(await context.fact(System), gpus)
    ram_bytes_s = 0.0
    if not why and min(best_share, 1.0 if placed_share is None else placed_share) < 1:
        ram_bytes_s = (await context.fact(Bandwidth)).read_bytes_s
    return bound(card, active, gpus, ram_bytes_s, best_share, placed_share, why)


def bound(
    card: ModelCard,
    active: float,
    gpus: tuple[Gpu, ...],
    ram_bytes_s: float,
    best_share: float,
    placed_share: float | None,
    why_advise_only: str = "",
) -> DecodeBound:
    """The bound from known numbers; shares are of the model, in GPU memory."""
    layers = card.layers or LAYERS_WHEN_UNKNOWN
    classes = _classes(gpus)
    experts = 1.0 if card.active_share is None else card.active_share
    best_s = seconds_a_token(active, best_share, gpus, ram_bytes_s, layers, experts)
    placed_s = None
    if placed_share is not None:
        placed_s = seconds_a_token(active, placed_share, gpus, ram_bytes_s, layers, experts)
    slow, _ = limits(classes, best_share, card)
    placed_slow, placed_very_slow = limits(classes, 0.0 if placed_share is None else placed_share, card)
    best = 1 / best_s if best_s else 0.0
    placed = 1 / placed_s if placed_s else None
    if not why_advise_only and best > FASTEST_TOK_S:
        why_advise_only = f"more than {FASTEST_TOK_S:.0f} tokens per second are possible, where fixed costs rule"
    return DecodeBound(
        best_tok_s=round(best, 2),
        best_slow_below_tok_s=round(best * slow, 2),
        placed_tok_s=round(placed, 2) if placed else None,
        placed_slow_below_tok_s=round(placed * placed_slow, 2) if placed else None,
        placed_very_slow_below_tok_s=round(placed * placed_very_slow, 2) if placed else None,
        gpu_share=placed_share,
        best_gpu_share=round(best_share, 3),
        active_bytes=int(active),
        advise_only=bool(why_advise_only),
        why_advise_only=why_advise_only,
        device=_device(gpus, ram_bytes_s),
        basis="bytes read for each token / (reached bandwidth) + layers x fixed cost",
    )


async def _must_run_here(context: Context) -> None:
    """Raise Skip unless the model runs on the hardware that we can see."""
    models = await context.fact(Models)
    if models.remote:
        raise Skip("the model runs on somebody else's machine")
    try:
        tunnel = (await context.fact(ServerProcess)).tunnel
    except Skip:
        tunnel = not (await context.fact(Reach)).local
    if tunnel:
        raise Skip("the server runs on another machine, whose hardware is not known")


async def _active(context: Context, card: ModelCard) -> float:
    """Bytes of weights read for one token: exact from the header, else by size. Raises Skip as `active_bytes` does."""
    try:
        exact = (await context.fact(Footprint)).active_bytes
    except Skip:
        exact = 0
    return float(exact or active_bytes(card))


def active_bytes(card: ModelCard) -> float:
    """Bytes of weights read for one token, rather too many. Raises Skip for a mixture whose share is not known."""
    size = float(card.size_bytes or 0)
    if card.active_share is not None and card.active_share < 1:
        return size * (card.active_share + ALWAYS_ACTIVE * (1 - card.active_share))
    if card.active_share is None and MIXTURE.search(f"{card.architecture} {card.name}"):
        raise Skip("the model may be a mixture of experts, and the runtime does not say how much of it a token reads")
    return size


def usable_gpus(gpus: Gpus) -> tuple[Gpu, ...]:
    """GPUs that a runtime would use, their bandwidth as the driver says or as listed.

    Raises Skip when one of them does not tell its memory and none of both knows its bandwidth.
    """
    used = tuple(_with_bandwidth(gpu) for gpu in gpus.devices if not gpu.integrated)
    for gpu in used:
        if not gpu.memory_bandwidth_bytes_s or not gpu.memory_total_bytes:
            raise Skip(f"the memory bandwidth of {gpu.name} is not known")
    return used


def _with_bandwidth(gpu: Gpu) -> Gpu:
    listed = None if gpu.memory_bandwidth_bytes_s else find(gpu.name, gpu.memory_total_bytes or 0)
    return msgspec.structs.replace(gpu, memory_bandwidth_bytes_s=listed.bandwidth_bytes_s) if listed else gpu


async def _placed_share(context: Context, card: ModelCard) -> float | None:
    """Share of the model in GPU memory as the runtime reports it; None when it does not."""
    try:
        loaded = await context.fact(LoadedModels)
    except Skip:
        return None
    shares = [model.gpu_share for model in loaded.models if model.name == card.name]
    if not shares and len(loaded.models) == 1:
        shares = [loaded.models[0].gpu_share]
    return shares[0] if shares else None


def _why_advise_only(card: ModelCard, active: float) -> str:
    if card.parameters is not None and card.parameters < SMALLEST_PARAMETERS:
        return f"the model has only {card.parameters:,} parameters, where fixed costs rule"
    if active < SMALLEST_BYTES:
        return f"a token reads only {active / GB:.1f} GB, where fixed costs rule"
    return ""


def _weak_host(system: System, gpus: tuple[Gpu, ...]) -> str:
    """A card in a small ARM or RISC-V board waits for the board: healthy ones measured 0.27 to 0.50 of the bound."""
    small = system.os == "linux" and system.arch.startswith(("arm", "aarch64", "riscv"))
    return "the processor beside the GPU may be too slow for it" if small and any(not g.unified for g in gpus) else ""


def seconds_a_token(
    active: float, gpu_share: float, gpus: tuple[Gpu, ...], ram_bytes_s: float, layers: int, expert_share: float = 1.0
) -> float | None:
    """Seconds for one token with this share of the weights on the GPUs; None when a bandwidth is missing."""
    parts = []
    if gpu_share > 0:
        if not gpus:
            return None
        parts += _gpu_parts(active * gpu_share, layers * gpu_share, gpus, mixture=expert_share < 1)
    if gpu_share < 1:
        if not ram_bytes_s:
            return None
        rest = 1 - gpu_share
        ram = Part(bytes=active * rest, layers=layers * rest, bandwidth_bytes_s=peak_of(ram_bytes_s), kind="cpu")
        parts.append(ram)
    return sum_of_seconds(parts)


def _gpu_parts(active: float, layers: float, gpus: tuple[Gpu, ...], *, mixture: bool) -> list[Part]:
    """The work of each GPU, which holds layers by its share of the memory."""
    whole = sum(gpu.memory_total_bytes or 0 for gpu in gpus)
    shares = [(gpu.memory_total_bytes or 0) / whole if whole else 1 / len(gpus) for gpu in gpus]
    return [
        Part(
            bytes=active * share,
            layers=layers * share,
            expert_layers=layers * share if mixture else 0,
            bandwidth_bytes_s=gpu.memory_bandwidth_bytes_s or 0.0,
            kind=kind_of(gpu.name, gpu.vendor),
            fp32_flop_s=_fp32(gpu),
            count=1 + (index > 0),  # each but the first is handed over to
        )
        for index, (gpu, share) in enumerate(zip(gpus, shares, strict=True))
    ]


def _fp32(gpu: Gpu) -> float:
    listed = find(gpu.name, gpu.memory_total_bytes or 0)
    return listed.fp32_flop_s if listed else 0.0


def limits(classes: tuple[Class, ...], gpu_share: float, card: ModelCard) -> tuple[float, float]:
    """Shares of the prediction that count as slow and very slow, the widest of all devices in use."""
    used = classes if gpu_share >= 1 and classes else (*classes, CLASSES["cpu"])
    widened = UNKNOWN_BACKEND * (MIXTURE_ROUTING if (card.active_share or 1) < 1 else 1.0)
    return min(c.slow for c in used) * widened, min(c.very_slow for c in used) * widened


def _classes(gpus: tuple[Gpu, ...]) -> tuple[Class, ...]:
    return tuple(CLASSES[kind_of(gpu.name, gpu.vendor)] for gpu in gpus)


def _device(gpus: tuple[Gpu, ...], ram_bytes_s: float) -> str:
    parts = [f"{g.name} ({(g.memory_bandwidth_bytes_s or 0) / GB:.0f} GB/s)" for g in gpus]
    if ram_bytes_s or not gpus:
        parts.append(f"RAM ({ram_bytes_s / GB:.0f} GB/s measured)" if ram_bytes_s else "RAM")
    return ", ".join(parts)
