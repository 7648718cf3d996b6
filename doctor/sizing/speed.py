"""How fast one stream decodes: bytes read for each token over the bandwidth that is reached, and a cost per layer.

    t = sum over devices of bytes / (eta x bandwidth)  +  layers x tau

eta (share of the bandwidth that healthy stacks reach) and tau (launches and synchronisation of a layer) were fitted on
202 healthy measurements on 64 devices (2024 to 2026). "slow" is the share of the prediction below which 5 % of the
healthy ones lie. Prefill is compute: twice the active weights for each token over a third of the matrix throughput.
"""

import re
from collections.abc import Iterable

import msgspec

from doctor.sizing.hardware import Device, find
from doctor.sizing.memory import bytes_per_cell
from doctor.sizing.settings import Settings, layers_on_device, pad
from doctor.sizing.shape import Shape


class Class(msgspec.Struct, frozen=True):
    """What a class of devices reaches: eta, tau in seconds a layer, shares that count as slow and very slow.

    `prefill` is the usual share of the FP16 matrix throughput that a prompt of 512 to 2048 tokens reaches.
    """

    eta: float
    tau_s: float
    slow: float
    very_slow: float
    prefill: float = 0.0


CLASSES = {
    "cuda": Class(0.84, 52e-6, 0.75, 0.45, 0.33),
    "cuda_laptop": Class(0.84, 52e-6, 0.64, 0.38, 0.33),  # the same with 0.85 of the limits: power is capped
    "cuda_old": Class(0.84, 52e-6, 0.40, 0.25, 0.14),
    "cuda_hbm": Class(0.62, 104e-6, 0.75, 0.45, 0.25),
    "metal": Class(0.86, 140e-6, 0.70, 0.40, 0.61),
    "other": Class(0.88, 72e-6, 0.70, 0.40, 0.28),
    "cpu": Class(0.58, 140e-6, 0.45, 0.25),
}
HBM = re.compile(r"\b(?:[ABHV][123]00|[AH]800|H20|GH200|GB[23]00|A30)(?!\d)")
PASCAL_OR_OLDER = re.compile(r"\b(?:GTX? (?:[5-9]\d\d|10\d\d)|GeForce [89]\d\d|MX\d+|TITAN X|(?:Tesla|Quadro) [KMP]\d)")
LAPTOP = re.compile(r"laptop|max-q|mobile", re.IGNORECASE)
# Deep in a context the attention kernels set the pace, not the bandwidth.
DEEP_TOKENS = 16_384
DEEP = 0.85
# Prefill spreads by a factor of three around the median.
PREFILL_SPREAD = 3.0


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What one device does for a token: bytes read, blocks computed, and how fast it can."""

    bytes: float
    layers: int
    bandwidth_bytes_s: float
    kind: str


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens per second of one stream. Prefill is a coarse value and may be off by `PREFILL_SPREAD`; 0 = unknown."""

    decode_tok_s: float
    slow_below_tok_s: float
    very_slow_below_tok_s: float
    prefill_tok_s: float = 0.0


class Active(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes read for one token on the device and on the host, and the blocks on each."""

    device_bytes: float
    host_bytes: float
    device_layers: int
    host_layers: int


def kind_of(name: str, vendor: str) -> str:
    """The class, as a key of `CLASSES`, of a GPU that a driver names; `vendor` is "nvidia", "amd", "intel", "apple"."""
    if vendor == "apple":
        return "metal"
    if vendor != "nvidia":
        return "other"
    listed = find(name)
    if listed and listed.kind.startswith("cuda"):
        return listed.kind
    if HBM.search(name):
        return "cuda_hbm"
    if PASCAL_OR_OLDER.search(name):
        return "cuda_old"
    return "cuda_laptop" if LAPTOP.search(name) else "cuda"


def active(shape: Shape, settings: Settings, filled: int = 0) -> Active:
    """What one token reads when `filled` tokens are in the cache: matrices, its experts, the cache, the state."""
    layers, head = layers_on_device(settings, len(shape.layers))
    first = len(shape.layers) - layers
    device, host = (shape.output_bytes, 0.0) if head else (0.0, float(shape.output_bytes))
    cells = pad(filled)
    for index, layer in enumerate(shape.layers):
        experts = layer.expert_bytes * shape.expert_share
        seen = min(cells, shape.window) if layer.attention == "window" else cells
        rest = layer.weight_bytes - layer.expert_bytes + seen * bytes_per_cell(shape, layer, settings)
        rest += layer.state_bytes
        on_device = index >= first
        device += (rest if on_device else 0) + (experts if on_device and not settings.experts_on_cpu else 0)
        host += (0 if on_device else rest) + (0 if on_device and not settings.experts_on_cpu else experts)
    return Active(device_bytes=device, host_bytes=host, device_layers=layers, host_layers=first)


def seconds_a_token(parts: Iterable[Part]) -> float:
    """Seconds for one token: devices work one after the other."""
    return sum(
        part.bytes / (CLASSES[part.kind].eta * part.bandwidth_bytes_s) + part.layers * CLASSES[part.kind].tau_s
        for part in parts
        if part.bytes or part.layers
    )


def speed(
    shape: Shape, settings: Settings, device: Device | None, host: Device | None, filled: int = 0
) -> Speed | None:
    """The speed on these devices; None when one that has work is not known."""
    read = active(shape, settings, filled)
    parts = []
    for bytes_read, layers, where in (
        (read.device_bytes, read.device_layers, device),
        (read.host_bytes, read.host_layers, host),
    ):
        if not bytes_read:
            continue
        if where is None:
            return None
        parts.append(Part(bytes=bytes_read, layers=layers, bandwidth_bytes_s=where.bandwidth_bytes_s, kind=where.kind))
    return None if not parts else judged(parts, filled, prefill_tok_s(shape, parts, device))


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


def active_elements(shape: Shape) -> float:
    """Weights that one prompt token is multiplied with: embeddings left out, experts by their share."""
    inside = sum(layer.weight_bytes - layer.expert_bytes * (1 - shape.expert_share) for layer in shape.layers)
    whole = shape.weight_bytes
    return shape.elements * inside / whole if whole else 0.0
