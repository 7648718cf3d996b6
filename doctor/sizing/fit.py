"""Whether a model fits, how likely not, and with how long a context or how many layers it does."""

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import partial

import msgspec

from doctor.sizing.memory import MIB, Need, need
from doctor.sizing.settings import PAD, Settings
from doctor.sizing.shape import Shape
from doctor.sizing.split import Split

FITS, TIGHT, DOES_NOT_FIT, UNKNOWN = "fits", "tight", "does-not-fit", "unknown"
# Shares of risk: below the first it fits, above the second it does not.
TIGHT_RISK, TOO_LARGE_RISK = 0.05, 0.5
FITS_SIGMAS = 1.6448536269514722  # standard deviations of a normal error that are exceeded with `TIGHT_RISK`
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

    def spare(steps: int, compute: Split | None = None) -> float:
        tried = msgspec.structs.replace(settings, context=steps * PAD)
        return spare_bytes(need(shape, tried, compute), tried, room)

    if spare(1, Split()) < 0:
        return 0
    # From a whole batch on, the graph is the same for all contexts.
    return PAD * largest((shape.trained_context or LARGEST_CONTEXT) // PAD, spare, -(-settings.ubatch // PAD))


def most_layers(shape: Shape, settings: Settings, room: Room) -> int | None:
    """The most layers on the GPU (as `-ngl`) with which it fits; None when room is unknown or there is no GPU."""
    if settings.backend == "cpu" or verdict(need(shape, settings), settings, room) == UNKNOWN:
        return None
    device = msgspec.structs.replace(room, host_bytes=None)
    layers = _most_on_device(shape, settings, device)
    tried = msgspec.structs.replace(settings, gpu_layers=layers)
    return layers if verdict(need(shape, tried), tried, room) == FITS else 0


def _most_on_device(shape: Shape, settings: Settings, room: Room) -> int:
    """The most layers whose part on the device fits.

    Compute buffers hardly change with the layers: the next number to try is what would fit with the last ones.
    """

    def spare(layers: int, compute: Split | None = None) -> tuple[float, Split]:
        tried = msgspec.structs.replace(settings, gpu_layers=layers)
        needed = need(shape, tried, compute)
        return spare_bytes(needed, tried, room), needed.compute

    def lacks(layers: int, compute: Split) -> bool:
        return spare(layers, compute)[0] < 0

    low, high = 0, len(shape.layers) + 1
    found, compute = spare(high)
    if found >= 0:
        return high
    while high - low > 1:
        between = range(low + 1, high)
        layers = between[max(bisect_left(between, True, key=partial(lacks, compute=compute)) - 1, 0)]
        found, compute = spare(layers)
        low, high = (layers, high) if found >= 0 else (low, layers)
    return low


def spare_bytes(needed: Need, settings: Settings, room: Room) -> float:
    """Bytes that could be taken on top before the verdict is no longer "fits": below 0 where it does not say so now."""
    on_device = needed.weights.device > 0
    free = room.device_bytes if on_device else room.host_bytes
    extra = overhead(settings, room)
    kept = FITS_SIGMAS * math.hypot(needed.margin_bytes, extra.sigma_bytes)
    on_host = math.inf if room.host_bytes is None else room.host_bytes - needed.host
    on_side = (needed.device if on_device else needed.host) + extra.usual_bytes + kept
    return min(on_host, (math.inf if free is None else free) - on_side)


def largest(most: int, spare: Callable[[int], float], start: int = 1) -> int:
    """The largest number up to `most` with something to spare, which falls with the number; 0 when there is none.

    What is spare falls nearly in a line from `start` on, so that guesses lie on the line between the two ends; every
    third one halves the range, so that the search ends where the line bends.
    """
    if most <= 0 or (above := spare(most)) >= 0:
        return max(most, 0)
    start = min(start, most)
    if (below := spare(start)) < 0:
        return largest(start - 1, spare) if start > 1 else 0
    low, high, guesses = start, most, 0
    while high - low > 1:
        share = below / (below - above) if guesses % 3 < 2 and math.isfinite(below - above) else 0.5
        middle = min(max(low + int((high - low) * share), low + 1), high - 1)
        found = spare(middle)
        if found >= 0:
            low, below = middle, found
        else:
            high, above = middle, found
        guesses += 1
    return low
