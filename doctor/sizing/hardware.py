"""Devices by name: memory bandwidth, memory and matrix throughput, from `hardware.csv`, each row with its source."""

import csv
import re
from functools import cache
from pathlib import Path

import msgspec

TABLE = Path(__file__).with_name("hardware.csv")
GB = 1e9
# Words that makers put around a model's name.
NOISE = re.compile(
    r"\b(?:nvidia|geforce|amd|radeon|intel|apple|quadro|tesla|graphics|gpu|tm|r|with|generation)\b|[()\[\],/_]"
)
LAPTOP = frozenset({"laptop", "mobile", "max-q", "notebook"})
# A word behind a model's number that makes it another model.
OTHER_MODEL = frozenset({"ti", "super", "xt", "xtx", "gre", "max", "pro", "ultra", "ada", "sff", "d"})
MEMORY = re.compile(r"^(\d+)\s*(?:gb|gib|g)$")
CORES = re.compile(r"(\d+)[ -]?(?:c|cores?)\b")
# A memory described in words: "2ch DDR4-3200", "DDR5-6000 x2", "LPDDR5-5500 128-bit".
CHANNELS = re.compile(r"(?:(\d+)\s*-?ch(?:annels?)?\W+)?\b(?:lp)?ddr\dx?-(\d{4,5})(?:\W+x\s*(\d+))?(?:\W+(\d+)-bit)?")
CHANNEL_BYTES = 8
DEFAULT_CHANNELS = 2


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a device. `kind` is a class of `speed.CLASSES`; memory and throughput are 0 when not listed."""

    name: str
    kind: str
    bandwidth_bytes_s: float
    memory_bytes: int = 0
    fp16_flop_s: float = 0.0
    source: str = ""


@cache
def table() -> tuple[Device, ...]:
    """All listed devices, those with the longest names first."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        devices = [_device(row) for row in csv.DictReader(file)]
    return tuple(sorted(devices, key=lambda device: (-len(_words(device.name)), -len(device.name))))


def _device(row: dict[str, str]) -> Device:
    return Device(
        name=row["name"],
        kind=row["class"],
        bandwidth_bytes_s=float(row["bandwidth_gb_s"]) * GB,
        memory_bytes=int(float(row["memory_gb"] or 0) * (1 << 30)),
        fp16_flop_s=float(row["fp16_tflops"] or 0) * 1e12,
        source=row["source"],
    )


def find(name: str, memory_bytes: int = 0) -> Device | None:
    """The device that a name means, longest listed name first; None when it is not certain.

    A laptop's part is never taken for the desktop card of the same number. Of variants that differ in memory or GPU
    cores only, the one that the name or `memory_bytes` says; without either the one that is listed first, of Apple's
    the slower.
    """
    by_words = described(name)
    said = _words(name)
    laptop = bool(LAPTOP & set(said))
    gib = next((int(m[1]) for m in map(MEMORY.match, said) if m), round(memory_bytes / (1 << 30)))
    words = [word for word in said if not MEMORY.match(word)]
    cores = CORES.search(name.lower())
    found = [d for d in table() if _is(words, d) and (d.kind.endswith("_laptop") == laptop)]
    if not found:
        return by_words
    if cores and any(_cores(device) for device in found):
        return next((d for d in found if _cores(d) == int(cores[1])), None)
    longest = len(_model_words(found[0]))
    best = [device for device in found if len(_model_words(device)) == longest]
    marked = [device for device in best if LAPTOP & set(said) & set(_words(device.name))]
    best = marked or best
    if gib:
        return min(best, key=lambda device: (abs(device.memory_bytes / (1 << 30) - gib), len(device.name)))
    return min(best, key=lambda device: (len(device.name), device.bandwidth_bytes_s))


def described(text: str) -> Device | None:
    """A processor's memory from its description: channels x 8 bytes x data rate. None when it names none."""
    found = CHANNELS.search(text.lower())
    if not found:
        one = re.search(r"\b(\d+)\s*-?ch\b", text.lower())
        return next((d for d in table() if d.kind == "cpu" and one and _is(_words(text), d)), None)
    before, rate, after, bits = found.groups()
    width = int(bits) / 8 if bits else CHANNEL_BYTES * int(before or after or DEFAULT_CHANNELS)
    return Device(
        name=text, kind="cpu", bandwidth_bytes_s=width * int(rate) * 1e6, source="width x data rate, from the name"
    )


def _is(words: list[str], device: Device) -> bool:
    """Whether a listed name's words follow each other in these, and no word behind makes it another model."""
    wanted = _model_words(device)
    for start in range(len(words) - len(wanted) + 1):
        end = start + len(wanted)
        if words[start:end] == wanted:
            return not (end < len(words) and words[end] in OTHER_MODEL)
    return False


def _model_words(device: Device) -> list[str]:
    """A listed name without its memory, cores and laptop mark."""
    return [w for w in _words(device.name) if not MEMORY.match(w) and w not in LAPTOP and not CORES.fullmatch(w)]


def _cores(device: Device) -> int:
    found = CORES.search(device.name.lower())
    return int(found[1]) if found else 0


def _words(name: str) -> list[str]:
    text = NOISE.sub(" ", name.lower().replace("®", " ").replace("™", " "))
    text = re.sub(r"(\d+)\s+(gb|gib)\b", r"\1\2", text.replace("max q", "max-q"))
    text = re.sub(r"\b([abhlv]\d+)-(?:(pcie|sxm\d?|hbm\d))?-?", r"\1 \2 ", text)
    text = re.sub(r"\b(rtx|gtx|rx)-?(\d{3,4})\b", r"\1 \2", text)
    text = re.sub(r"\b(\d{4})(ti|super|xtx|xt)\b", r"\1 \2", text)
    return text.split()
