"""Whether a model fits, how likely not, and with how long a context or how many layers it does."""

import math

import msgspec

from doctor.sizing.memory import MIB, Need, need
from doctor.sizing.settings import PAD, Settings
from doctor.sizing.shape import Shape

FITS, TIGHT, DOES_NOT_FIT, UNKNOWN = "fits", "tight", "does-not-fit", "unknown"
# Shares of risk: below the first it fits, above the second it does not.
TIGHT_RISK, TOO_LARGE_RISK = 0.05, 0.5
LARGEST_CONTEXT = 1 << 22  # tokens: where the search ends for a file that does not say what it was trained for
LARGE_CARD_BYTES = 28 << 30  # cards with 80 and more multiprocessors, whose contexts are larger


class Overhead(msgspec.Struct, frozen=True):
    """What the driver and kernels take outside the engine's own buffers: usual size and one standard deviation."""

    usual_bytes: float
    sigma_bytes: float


# Driver context, kernels, pools and workspaces; ranges in logs of 2024 to 2026: NVIDIA 150 to 900 MiB, on large cards
# 500 to 1800, ROCm 300 to 800, Vulkan 100 to 400, Metal 100 to 300.
OVERHEADS = {
    "cuda": Overhead(400 * MIB, 200 * MIB),
    "cuda-large": Overhead(900 * MIB, 400 * MIB),
    "rocm": Overhead(550 * MIB, 200 * MIB),
    "vulkan": Overhead(250 * MIB, 150 * MIB),
    "metal": Overhead(200 * MIB, 100 * MIB),
    "cpu": Overhead(100 * MIB, 100 * MIB),
    "": Overhead(400 * MIB, 200 * MIB),
}


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """Memory that a model may take, in bytes; None where it is not known. `name` says whose memory it is.

    `origin` is "reported" where it is free now, "computed" where it is all that the device has by its data sheet.
    """

    device_bytes: float | None = None
    host_bytes: float | None = None
    name: str = ""
    origin: str = "reported"
    source: str = ""


def overhead(settings: Settings, room: Room) -> Overhead:
    """What comes on top on this backend."""
    large = (room.device_bytes or 0) > LARGE_CARD_BYTES
    return OVERHEADS["cuda-large" if large and settings.backend in ("", "cuda") else settings.backend]


def risk(needed: Need, settings: Settings, room: Room) -> float | None:
    """Chance that the model does not fit, 0 to 1: need against room with the errors of both. None: room unknown."""
    on_device = needed.weights.device > 0
    free = room.device_bytes if on_device else room.host_bytes
    if free is None:
        return None
    extra = overhead(settings, room)
    wanted = (needed.device if on_device else needed.host) + extra.usual_bytes
    sigma = math.hypot(needed.margin_bytes, extra.sigma_bytes)
    return 0.5 * math.erfc((free - wanted) / (sigma * math.sqrt(2)))


def verdict(needed: Need, settings: Settings, room: Room) -> str:
    """One of fits, tight, does-not-fit, unknown. The host's part must fit as well where its memory is known."""
    chance = risk(needed, settings, room)
    if chance is None:
        return UNKNOWN
    if room.host_bytes is not None and needed.host > room.host_bytes:
        return DOES_NOT_FIT
    if chance > TOO_LARGE_RISK:
        return DOES_NOT_FIT
    return TIGHT if chance > TIGHT_RISK else FITS


def largest_context(shape: Shape, settings: Settings, room: Room) -> int | None:
    """The most tokens of context with which it fits, in steps of 256; 0 when none does, None when room is unknown."""
    if verdict(need(shape, settings), settings, room) == UNKNOWN:
        return None
    low, high = 0, (shape.trained_context or LARGEST_CONTEXT) // PAD
    while low < high:
        middle = (low + high + 1) // 2
        tried = msgspec.structs.replace(settings, context=middle * PAD)
        if verdict(need(shape, tried), tried, room) == FITS:
            low = middle
        else:
            high = middle - 1
    return low * PAD


def most_layers(shape: Shape, settings: Settings, room: Room) -> int | None:
    """The most layers on the GPU (as `-ngl`) with which it fits; None when room is unknown or there is no GPU."""
    if settings.backend == "cpu" or verdict(need(shape, settings), settings, room) == UNKNOWN:
        return None
    low, high = 0, len(shape.layers) + 1
    while low < high:
        middle = (low + high + 1) // 2
        if _fits_on_device(shape, msgspec.structs.replace(settings, gpu_layers=middle), room):
            low = middle
        else:
            high = middle - 1
    tried = msgspec.structs.replace(settings, gpu_layers=low)
    return low if verdict(need(shape, tried), tried, room) == FITS else 0


def _fits_on_device(shape: Shape, settings: Settings, room: Room) -> bool:
    """Whether the device's part fits, whatever the host has: with fewer layers on it there is always less."""
    return verdict(need(shape, settings), settings, msgspec.structs.replace(room, host_bytes=None)) in (FITS, UNKNOWN)
