"""How fast one stream decodes: bytes read for each token over the bandwidth that is reached, and a cost per layer.

    t = sum over devices of  weights / (eta x bandwidth)  +  cache / (eta of the cache x bandwidth)
                             + layers x tau  +  expert layers x tau of experts  +  hops between devices

The constants stand in `doctor.sizing.classes`. Prefill is compute: twice the active weights for each token over a third
of the matrix throughput, within a factor of `PREFILL_SPREAD` between its ends.
"""

from collections.abc import Iterable

import msgspec

from doctor.sizing.classes import CLASSES, reached
from doctor.sizing.hardware import Device
from doctor.sizing.memory import bytes_per_cell
from doctor.sizing.settings import Settings, layers_on_device, pad
from doctor.sizing.shape import Shape

# Deep in a context the attention kernels set the pace, and stacks differ in them: the lines are more lenient.
DEEP_TOKENS = 16_384
DEEP = 0.85
# Above this the fixed costs of a token count more than the memory: the lines say little.
FASTEST_TOK_S = 250.0
# Prefill spreads by a factor of three: from the median over its root to the median times its root.
PREFILL_SPREAD = 3.0
# A recurrent state is read and written.
STATE_PASSES = 2


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one device does for a token: bytes read, blocks computed, and how fast it can.

    `cache_bytes` are those of the KV cache, beside `bytes`. `count`: devices of this kind that share the blocks.
    """

    bytes: float
    layers: float
    bandwidth_bytes_s: float
    kind: str
    cache_bytes: float = 0.0
    expert_layers: float = 0
    fp32_flop_s: float = 0.0
    count: int = 1


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens per second of one stream. Prefill is the middle of a coarse range, see `prefill_range`; 0 = unknown."""

    decode_tok_s: float
    slow_below_tok_s: float
    very_slow_below_tok_s: float
    prefill_tok_s: float = 0.0


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes read for one token on the device and on the host, the cache's part of them, and the blocks on each."""

    device_bytes: float
    host_bytes: float
    device_layers: int
    host_layers: int
    device_cache_bytes: float = 0.0
    host_cache_bytes: float = 0.0
    expert_layers: int = 0


def active(shape: Shape, settings: Settings, filled: int = 0) -> Active:
    """What one token reads when `filled` tokens are in the cache: matrices, its experts, the cache, the state."""
    layers, head = layers_on_device(settings, len(shape.layers))
    device, host = (shape.output_bytes, 0.0) if head else (0.0, float(shape.output_bytes))
    device_cache = host_cache = 0.0
    cells = pad(filled)
    first = len(shape.layers) - layers
    for index, layer in enumerate(shape.layers):
        experts = layer.expert_bytes * shape.expert_share
        seen = min(cells, shape.window) if layer.attention == "window" else cells
        cache = seen * bytes_per_cell(shape, layer, settings)
        rest = layer.weight_bytes - layer.expert_bytes + STATE_PASSES * layer.state_bytes
        on_device = index >= first
        experts_on_device = on_device and not settings.experts_on_host(index)
        device += (rest if on_device else 0) + (experts if experts_on_device else 0)
        host += (0 if on_device else rest) + (0 if experts_on_device else experts)
        device_cache += cache if on_device else 0
        host_cache += 0 if on_device else cache
    return Active(
        device_bytes=device + device_cache,
        host_bytes=host + host_cache,
        device_layers=layers,
        host_layers=first,
        device_cache_bytes=device_cache,
        host_cache_bytes=host_cache,
        expert_layers=sum(layer.expert_bytes > 0 for layer in shape.layers),
    )


def seconds_a_token(parts: Iterable[Part]) -> float:
    """Seconds for one token: devices work one after the other."""
    return sum(_seconds(part) for part in parts)


def _seconds(part: Part) -> float:
    """Seconds that one part takes for a token."""
    reach = CLASSES[part.kind]
    return (
        part.bytes / reached(part.kind, part.bandwidth_bytes_s, part.fp32_flop_s)
        + part.cache_bytes / (reach.cache * part.bandwidth_bytes_s)
        + part.layers * reach.tau_s
        + part.expert_layers * reach.expert_tau_s
        + (part.count - 1) * reach.hop_s
    )


def speed(
    shape: Shape, settings: Settings, device: Device | None, host: Device | None, filled: int = 0
) -> Speed | None:
    """The speed on these devices; None when one that has work is not known."""
    read = active(shape, settings, filled)
    on_host = settings.experts_on_cpu or not read.device_layers
    sides = (
        (read.device_bytes, read.device_cache_bytes, read.device_layers, 0 if on_host else read.expert_layers, device),
        (read.host_bytes, read.host_cache_bytes, read.host_layers, 0, host),
    )
    parts = []
    for bytes_read, cache, layers, expert_layers, where in sides:
        if not bytes_read:
            continue
        if where is None:
            return None
        parts.append(part_of(where, bytes_read - cache, cache, layers, min(layers, expert_layers)))
    return None if not parts else judged(parts, filled, prefill_tok_s(shape, parts, device))


def part_of(where: Device, weights: float, cache: float, layers: int, expert_layers: int = 0) -> Part:
    """The work of one device, or of several of the same, on a token."""
    return Part(
        bytes=weights,
        cache_bytes=cache,
        layers=layers,
        expert_layers=expert_layers,
        bandwidth_bytes_s=where.bandwidth_bytes_s,
        kind=where.kind,
        fp32_flop_s=where.fp32_flop_s,
        count=where.count,
    )


def judged(parts: list[Part], filled: int = 0, prefill: float = 0.0) -> Speed:
    """The speed of these parts, and the lines below which it is slow: the most lenient of all devices at work."""
    decode = 1 / seconds_a_token(parts)
    depth = DEEP if filled > DEEP_TOKENS else 1.0
    slow = min(CLASSES[part.kind].slow for part in parts) * depth
    very_slow = min(CLASSES[part.kind].very_slow for part in parts) * depth
    return Speed(
        decode_tok_s=decode,
        slow_below_tok_s=decode * slow,
        very_slow_below_tok_s=decode * very_slow,
        prefill_tok_s=prefill,
    )


def prefill_tok_s(shape: Shape, parts: list[Part], device: Device | None) -> float:
    """Prompt tokens per second when all of the model is on one device whose throughput is listed, else 0."""
    if device is None or not device.fp16_flop_s or len(parts) != 1 or device.kind == "cpu":
        return 0.0
    weights = active_elements(shape)
    return CLASSES[device.kind].prefill * device.fp16_flop_s / (2 * weights) if weights else 0.0


def prefill_range(prefill: float) -> tuple[float, float] | None:
    """The ends between which prompts are read, in tokens per second, two digits each; None when it is not known."""
    if not prefill:
        return None
    return _coarse(prefill / PREFILL_SPREAD**0.5), _coarse(prefill * PREFILL_SPREAD**0.5)


def _coarse(value: float) -> float:
    """A number with the two digits that count."""
    return float(f"{value:.2g}")


def active_elements(shape: Shape) -> float:
    """Weights that one prompt token is multiplied with: embeddings left out, experts by their share."""
    inside = sum(layer.weight_bytes - layer.expert_bytes * (1 - shape.expert_share) for layer in shape.layers)
    whole = shape.weight_bytes
    return shape.elements * inside / whole if whole else 0.0
