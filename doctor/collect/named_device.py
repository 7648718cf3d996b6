"""The devices that a user names: "RTX 3090", "2x RTX 3090 + DDR5-6000 x2 64GB", "M4 Max 40c 64GB"."""

import re

import msgspec

from doctor.errors import UsageError
from doctor.nearest import nearest
from doctor.sizing.fit import Room
from doctor.sizing.hardware import GIB, Device, find, rows
from doctor.text import one_line

MEMORY = re.compile(r"\b(\d{1,4})\s*(?:GB|GiB)\b", re.IGNORECASE)
# Metal's recommended working set where nobody changed it: seen 0.667 of 16 GB, 0.78 of 48 GB, 0.84 of 128 GB.
LARGE_MAC_GIB, LARGE_MAC_SHARE, SMALL_MAC_SHARE = 36, 0.75, 0.667


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """What computes: `device` the GPU, `host` the processor's memory; None where it is not known.

    `notes` are sentences that the user should know about how they were found.
    """

    device: Device | None = None
    host: Device | None = None
    notes: tuple[str, ...] = ()


def read_name(text: str) -> tuple[Devices, Room]:
    """The devices of a name, with a plus between a GPU and a memory. Raises UsageError for what is not listed."""
    device = host = None
    host_bytes = None
    for part in (part.strip() for part in re.split(r"\s\+\s", text)):
        found = find(part)
        if found is None:
            raise UsageError(_unlisted(part))
        if found.kind == "cpu":
            host, host_bytes = found, _gib_in(part)
        else:
            device = found
            memory = _memory(part, found)
    names = " and ".join(_counted(found) for found in (device, host) if found)
    room = Room(
        device_bytes=memory if device else None,
        host_bytes=host_bytes,
        name=names,
        origin="computed",
        source="the device's data sheet" if device and device.memory_bytes else "the name",
    )
    return Devices(device=device, host=host), room


def _unlisted(part: str) -> str:
    words = f"--device {one_line(part, 80)!r} is not in the table of devices, or not certain"
    hint = 'write it as its maker does, with its memory where there are several ("RTX 3060 8GB"), a laptop as "Laptop"'
    if re.search(r"ddr", part, re.IGNORECASE):
        hint = 'a memory needs its channels or width: "DDR5-6000 x2", "LPDDR5X-8000 256-bit"'
    return f"{words}; {hint}{nearest(part, [row['name'] for row in rows()])}"


def _counted(device: Device) -> str:
    return f"{device.count} x {device.name}" if device.count > 1 else device.name


def _memory(text: str, device: Device) -> int | None:
    """Memory of all these devices; what macOS lets the GPU take of the RAM in a name such as "M4 Max 64GB"."""
    if device.memory_bytes:
        return device.memory_bytes * device.count
    gib = (_gib_in(text) or 0) / GIB
    if not gib:
        return None
    if not device.kind.startswith("metal"):
        return int(gib * GIB)
    return int(gib * (LARGE_MAC_SHARE if gib > LARGE_MAC_GIB else SMALL_MAC_SHARE) * GIB)


def _gib_in(text: str) -> int | None:
    found = MEMORY.search(text)
    return int(found[1]) * GIB if found else None
