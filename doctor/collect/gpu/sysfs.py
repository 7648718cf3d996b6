"""What the Linux kernel tells about any graphics card: which cards there are, their sensors and their names."""

import functools
import re
from collections.abc import Iterator
from pathlib import Path

from doctor.collect import files
from doctor.text import one_line

NAME_LISTS = ("usr/share/hwdata/pci.ids", "usr/share/misc/pci.ids")
LARGEST_LIST_BYTES = 4 << 20


def cards(root: Path, vendor: str) -> Iterator[tuple[int, Path]]:
    """Number and folder of each card of a vendor (`0x1002`); connectors (`card0-DP-1`) are no cards."""
    for card in files.entries(root / "sys/class/drm", "card[0-9]*"):
        number = re.fullmatch(r"card(\d+)", card.name)
        if number and files.word(card / "device/vendor") == vendor:
            yield int(number[1]), card


def sensor(device: Path, name: str) -> float | None:
    """A value of the card's first hardware monitor, in the kernel's unit (milli-degrees, microwatts)."""
    found = (files.number(monitor / name) for monitor in files.entries(device, "hwmon/hwmon*"))
    return next((value for value in found if value is not None), None)


def name(root: Path, device: Path, fallback: str) -> str:
    """The card's name: from the card itself, else from the system's list of PCI names, else `fallback` with its id."""
    own = files.word(device / "product_name")
    if own:
        return one_line(own, 100)
    vendor, model = files.word(device / "vendor") or "", files.word(device / "device") or ""
    listed = _listed(root, vendor.removeprefix("0x"), model.removeprefix("0x"))
    return one_line(listed, 100) if listed else f"{fallback} ({one_line(model, 20)})" if model else fallback


@functools.lru_cache(maxsize=16)
def _listed(root: Path, vendor: str, model: str) -> str | None:
    """A device's name in the list `pci.ids`: vendor lines begin at the margin, devices after one tab."""
    for path in NAME_LISTS:
        inside = False
        for line in (files.text(root / path, LARGEST_LIST_BYTES) or "").splitlines():
            if line[:1] not in ("\t", "#", ""):
                inside = line.startswith(vendor)
            elif inside and line.startswith(f"\t{model} "):
                return line.split(maxsplit=1)[1]
    return None
