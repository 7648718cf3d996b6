"""What a machine and its servers are doing at one moment: plain values, and what changed from one to the next."""

from collections.abc import Mapping

import msgspec

from doctor.facts import Gpu, Memory
from doctor.text import mib, one_line

SWAPPING_BYTES_S = 1e6  # read back from swap, as in the check `swap`
SPILLED = 0.02  # of a model, that left the GPU's memory between two looks: more than rounding [judgement]
NAME_CHARACTERS = 60


class Holder(msgspec.Struct, frozen=True, kw_only=True):
    """A process and the RAM that it holds."""

    pid: int
    name: str
    bytes: int


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """The machine at one moment. Swap counters are bytes since boot; None where the system does not say."""

    at_s: float  # of a monotonic clock
    memory: Memory | None = None
    cpu_busy: float | None = None  # of all cores since the last look, 0 to 1
    gpus: tuple[Gpu, ...] = ()
    holders: tuple[Holder, ...] = ()  # of RAM, largest first
    swapped_in_bytes: int | None = None
    swapped_out_bytes: int | None = None
    reread_bytes: int | None = None


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """A model in a server's memory; `gpu_share` 0 to 1, None where the server does not say."""

    name: str
    gpu_share: float | None = None


class Pulse(msgspec.Struct, frozen=True, kw_only=True):
    """A server at one moment, as one cheap request tells. None: this kind of server does not say.

    `generated` counts tokens; it begins again with every request where `per_request` is true. `why_silent` says what it
    answered instead of its pulse.
    """

    at_s: float
    answers: bool = True
    why_silent: str = ""
    slots: int | None = None
    busy: int | None = None
    waiting: int | None = None
    generated: int | None = None
    per_request: bool = False
    context_used: int | None = None  # tokens in the fullest slot, or in the pool
    context_size: int | None = None
    loaded: tuple[Loaded, ...] | None = None


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """Machine and servers (by address) at about the same moment."""

    machine: Machine
    servers: Mapping[str, Pulse] = {}


def rate_tok_s(before: Pulse | None, now: Pulse) -> float | None:
    """Tokens per second between two looks; 0 when nothing was generated, None when it is not told."""
    if now.generated is None:
        return None
    if before is None or before.generated is None or now.at_s <= before.at_s:
        return 0.0 if not now.busy else None
    more = now.generated - before.generated
    if more < 0:  # another request, or another start of the server
        more = now.generated if now.per_request else 0
    return more / (now.at_s - before.at_s)


def swap_in_bytes_s(before: Machine, now: Machine) -> float | None:
    """Bytes a second read back from swap between two looks."""
    if before.swapped_in_bytes is None or now.swapped_in_bytes is None or now.at_s <= before.at_s:
        return None
    return max(0, now.swapped_in_bytes - before.swapped_in_bytes) / (now.at_s - before.at_s)


def changes(before: Look, now: Look) -> list[str]:
    """What happened between two looks that is worth a sentence, and a new diagnosis."""
    said = [*_of_gpus(before.machine, now.machine), *_of_swap(before.machine, now.machine)]
    for url, pulse in now.servers.items():
        was = before.servers.get(url)
        if was is not None:
            said += [f"{one_line(url, NAME_CHARACTERS)}: {words}" for words in _of_server(was, pulse)]
    return said


def _of_gpus(before: Machine, now: Machine) -> list[str]:
    said = []
    were = {(gpu.vendor, gpu.index): set(gpu.throttle) for gpu in before.gpus}
    for gpu in now.gpus:
        new = sorted(set(gpu.throttle) - were.get((gpu.vendor, gpu.index), set()))
        if new and (gpu.utilisation or 0) > 0:
            said.append(f"{one_line(gpu.name, NAME_CHARACTERS)} began to throttle ({', '.join(new)})")
    if len(now.gpus) < len(before.gpus):
        said.append("a GPU is gone")
    return said


def _of_swap(before: Machine, now: Machine) -> list[str]:
    rate = swap_in_bytes_s(before, now)
    if rate is None or rate < SWAPPING_BYTES_S:
        return []
    return [f"the machine reads {mib(rate)} a second back from swap"]


def _of_server(before: Pulse, now: Pulse) -> list[str]:
    if before.answers != now.answers:
        return ["it answers again"] if now.answers else [f"it stopped answering: {one_line(now.why_silent)}"]
    if before.loaded is None or now.loaded is None:
        return []
    were, are = {m.name: m for m in before.loaded}, {m.name: m for m in now.loaded}
    said = [f"{_short(name)} was unloaded" for name in were if name not in are]
    said += [f"{_short(name)} was loaded" for name in are if name not in were]
    for name in were.keys() & are.keys():
        was, share = were[name].gpu_share, are[name].gpu_share
        if was is not None and share is not None and was - share > SPILLED:
            said.append(f"{_short(name)} is at {share * 100:.0f} % in GPU memory, it was at {was * 100:.0f} %")
    return said


def _short(name: str) -> str:
    return one_line(name, NAME_CHARACTERS)
