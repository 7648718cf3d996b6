"""Intel GPUs through sysfs. The graphics unit inside the processor always sits at PCI address 00:02.0."""

from pathlib import Path

from doctor.collect import files
from doctor.collect.gpu import sysfs
from doctor.facts import Gpu

VENDOR = "0x8086"
INSIDE_PROCESSOR = "0000:00:02.0"
# Files of the two kernel drivers, i915 and xe, below the card's folder.
CLOCK = ("gt_act_freq_mhz", "device/tile0/gt0/freq0/act_freq")
CLOCK_MAX = ("gt_max_freq_mhz", "device/tile0/gt0/freq0/max_freq")
MEMORY = ("lmem_total_bytes", "device/lmem_total_bytes")


def read_intel(root: Path) -> list[Gpu]:
    """All Intel GPUs below `root`. Used memory is not told by the kernel without more rights."""
    return [_gpu(root, index, card) for index, card in sysfs.cards(root, VENDOR)]


def _gpu(root: Path, index: int, card: Path) -> Gpu:
    integrated = (card / "device").resolve().name == INSIDE_PROCESSOR
    total = _first(card, MEMORY)
    power, temperature = sysfs.sensor(card / "device", "power1_max"), sysfs.sensor(card / "device", "temp1_input")
    return Gpu(
        index=index,
        name=sysfs.name(root, card / "device", "Intel GPU"),
        vendor="intel",
        memory_total_bytes=int(total) if total else None,
        unified=integrated,
        integrated=integrated,
        temperature_c=temperature / 1000 if temperature is not None else None,
        power_limit_w=power / 1e6 if power else None,
        clock_mhz=_first(card, CLOCK),
        clock_max_mhz=_first(card, CLOCK_MAX),
        source="sysfs",
    )


def _first(card: Path, paths: tuple[str, ...]) -> float | None:
    return next((value for path in paths if (value := files.number(card / path)) is not None), None)
