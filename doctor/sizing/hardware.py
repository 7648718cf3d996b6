"""Devices by name: memory bandwidth, memory and throughput, from `hardware.csv`, each row with its source.

A name that is not certain finds nothing: no device is guessed.
"""

import csv
import re
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import msgspec

from doctor.sizing.device_name import Name, alternatives, several, taken_apart

TABLE = Path(__file__).with_name("hardware.csv")
GB = 1e9
GIB = 1 << 30
# A memory described in words: "2ch DDR4-3200", "DDR5-6000 x2", "LPDDR5-5500 128-bit", "quad-channel DDR4 3200".
RATE = re.compile(r"\b(lp)?ddr\d[a-z]?[ -]?(\d{4,5})\b")
CHANNELS = (
    re.compile(r"\b(\d{1,2})\s*-?\s*(?:ch|channels?)\b"),
    re.compile(r"ddr\d[a-z]?[ -]?\d{4,5}\s*[x×]\s*(\d{1,2})\b"),
    re.compile(r"\b(\d{1,2})\s*[x×]\s*(?:lp)?ddr\d"),
)
IN_WORDS = {"single": 1, "dual": 2, "quad": 4, "octa": 8}
WIDTH = re.compile(r"\b(\d{2,4})\s*-?\s*bits?\b")
CHANNEL_BYTES = 8
VARIANT = re.compile(r"\d+(?:gb|c)$")
# Of variants of one model, the memory named must be this close to that of the variant.
SAME_MEMORY = 0.2


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device. `kind` is a class of `speed.CLASSES`; memory and throughput are 0 when not listed."""

    name: str
    kind: str
    bandwidth_bytes_s: float
    memory_bytes: int = 0
    fp16_flop_s: float = 0.0
    fp32_flop_s: float = 0.0
    count: int = 1  # of the same, sharing a model's layers; all numbers are those of one
    origin: str = "computed"  # of the bandwidth: "reported" by a driver, "probed" by measuring, "computed" from a name
    source: str = ""


class Listed(msgspec.Struct, frozen=True):
    """A row of the table and its name taken apart."""

    device: Device
    name: Name


@cache
def rows() -> tuple[dict[str, str], ...]:
    """The table as it is written."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


def _near(text: str) -> list[Listed]:
    """The listed devices whose most telling word is in a text, those with the longest names first."""
    lower = text.lower()
    near = [Listed(_device(row), taken_apart(row["name"])) for row in rows() if _telling(row["name"]) in lower]
    return sorted(near, key=lambda row: (-len(row.name.words), -len(row.device.name)))


@cache
def _telling(name: str) -> str:
    """The word of a listed name with the most digits, memory and cores left out: taking all names apart is slow."""
    words = [word for word in name.lower().split() if not VARIANT.match(word)]
    return max(words, key=lambda word: (sum(map(str.isdecimal, word)), len(word)))


def _device(row: dict[str, str]) -> Device:
    return Device(
        name=row["name"],
        kind=row["class"],
        bandwidth_bytes_s=float(row["bandwidth_gb_s"]) * GB,
        memory_bytes=int(float(row["memory_gb"] or 0) * GIB),
        fp16_flop_s=float(row["fp16_tflops"] or 0) * 1e12,
        fp32_flop_s=float(row["fp32_tflops"] or 0) * 1e12,
        source=row["source"],
    )


def find(text: str, memory_bytes: int = 0, cores: int = 0) -> Device | None:
    """The device that a name means, longest listed name first; None when it is not certain.

    A laptop's part is never taken for the desktop card of the same number. Of variants that differ in memory or GPU
    cores only, the one that the name, `memory_bytes` or `cores` says; without any of them the one that is listed
    first, of Apple's the slower. "2x" before or behind the name sets `count`.
    """
    memory = described(text)
    count, one = (1, text) if memory else several(text)
    found = _listed(one, memory_bytes, cores)
    if found is None:
        return memory
    if memory and not found.memory_bytes and found.kind == "other":  # graphics that use the processor's memory
        found = msgspec.structs.replace(found, bandwidth_bytes_s=memory.bandwidth_bytes_s, source=memory.source)
    return msgspec.structs.replace(found, count=count) if count > 1 else found


def _listed(text: str, memory_bytes: int, cores: int) -> Device | None:
    names = alternatives(text)
    found = [device for name in names for device in _candidates(name, memory_bytes, cores)]
    if len(names) > 1 and memory_bytes:  # a list of cards that share a chip: the memory tells which
        gib = memory_bytes / GIB
        near = min((abs(device.memory_bytes / GIB - gib) for device in found), default=0.0)
        found = [device for device in found if abs(device.memory_bytes / GIB - gib) == near <= gib * SAME_MEMORY]
    return _certain(found)


def _certain(found: Sequence[Device]) -> Device | None:
    """The first of these where all are equally fast."""
    return found[0] if len({(device.bandwidth_bytes_s, device.kind) for device in found}) == 1 else None


def _candidates(text: str, memory_bytes: int, cores: int) -> list[Device]:
    """The variant that a name means, alone; several where the memory does not tell them apart."""
    said = taken_apart(text)
    found = [row for row in _near(text) if said.means(row.name.words)]
    fitting = [row for row in found if bool(row.name.marks) == bool(said.marks)]
    if not fitting and not any(row.device.kind.startswith("cuda") for row in found):
        fitting = found  # other makers give a laptop's part a name of its own
    if not fitting:
        return []
    longest = len(fitting[0].name.words)
    best = [row for row in fitting if len(row.name.words) == longest]
    best = [row for row in best if row.name.marks & said.marks] or best
    best = _with_cores(best, said.cores or cores)
    gib = said.memory_gib or round(memory_bytes / GIB)
    if not gib or not any(row.device.memory_bytes for row in best):
        best = best if len({row.name.words for row in best}) > 1 else [min(best, key=_first)]
    else:
        best = _with_memory(best, gib)
    return [row.device for row in best]


def _first(row: Listed) -> tuple[int, float]:
    return len(row.device.name), row.device.bandwidth_bytes_s


def _with_cores(rows: list[Listed], cores: int) -> list[Listed]:
    """The variant with so many GPU cores; all of them when none has (the number was that of the processor)."""
    return [row for row in rows if row.name.cores == cores] or rows


def _with_memory(rows: list[Listed], gib: int) -> list[Listed]:
    """The variants whose memory is nearest, where it is near at all."""
    near = min(abs(row.device.memory_bytes / GIB - gib) for row in rows)
    nearest = [row for row in rows if abs(row.device.memory_bytes / GIB - gib) == near]
    if len({row.device.bandwidth_bytes_s for row in rows}) > 1 and near > gib * SAME_MEMORY:
        return []
    return [min(nearest, key=_first)]


def described(text: str) -> Device | None:
    """A processor's memory from its description: width x data rate. None when it does not say both."""
    lower = text.lower()
    rate = RATE.search(lower)
    if not rate:
        return None
    bits = WIDTH.search(lower)
    channels = next((int(found[1]) for found in (pattern.search(lower) for pattern in CHANNELS) if found), 0)
    channels = channels or next((count for word, count in IN_WORDS.items() if f"{word}-channel" in lower), 0)
    channels = channels or next((count for word, count in IN_WORDS.items() if f"{word} channel" in lower), 0)
    width_bytes = int(bits[1]) / 8 if bits else CHANNEL_BYTES * channels
    if not width_bytes:
        return None
    speed = width_bytes * int(rate[2]) * 1e6
    return Device(name=text, kind="cpu", bandwidth_bytes_s=speed, source="width x data rate, from the name")
