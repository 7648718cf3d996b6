"""The machine's vital signs as rows: a name, the course of the last minutes, and the present value in words."""

from collections.abc import Callable, Sequence

import msgspec

from doctor.facts import Gpu
from doctor.text import mib, one_line, percent
from doctor.tui.progress import TargetProgress
from doctor.tui.words import address, count, model_name
from doctor.vitals import SWAPPING_BYTES_S, Holder, Loaded, Look, Pulse, rate_tok_s, swap_in_bytes_s

NAME_CHARACTERS = 30
MAX_GPUS = 8
MAX_LOADED = 3
MAX_HOLDERS = 2
SMALL_SHARE = 0.05  # of a card: who holds less explains nothing


class VitalRow(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `values` are 0 to `top` (0: as large as they get); a row without values is words only."""

    name: str
    says: str
    values: tuple[float | None, ...] = ()
    top: float = 1.0
    tone: str = ""
    title: str = ""  # what the rows from here on are about


def vital_rows(looks: Sequence[Look], targets: Sequence[TargetProgress]) -> list[VitalRow]:
    """Servers first: they are what the reader came for; then graphics cards, memory and processor."""
    if not looks:
        return []
    rows: list[VitalRow] = []
    for target in targets:
        rows += _server(looks, target)
    for place in range(min(MAX_GPUS, len(looks[-1].machine.gpus))):
        rows += _gpu(looks, place)
    return [*rows, *_machine(looks)]


def _server(looks: Sequence[Look], target: TargetProgress) -> list[VitalRow]:
    pulse = looks[-1].servers.get(target.url)
    if pulse is None:
        return []
    title = (model_name(target.model) or address(target.url)) + _placed(target, pulse)
    if not pulse.answers:
        return [
            VitalRow(name="server", says=f"! does not answer: {one_line(pulse.why_silent)}", tone="bad", title=title)
        ]
    return [msgspec.structs.replace(_speed(looks, target, pulse), title=title), *_context(looks, target, pulse)]


def _speed(looks: Sequence[Look], target: TargetProgress, pulse: Pulse) -> VitalRow:
    pulses = [look.servers.get(target.url) for look in looks]
    pairs = zip([None, *pulses], pulses, strict=False)
    rates = tuple(None if now is None else rate_tok_s(before, now) for before, now in pairs)
    busy = _busy(pulse)
    if pulse.generated is None and not any(rates):
        return VitalRow(name="tok/s", says=f"this server does not say{busy}; {_measured(target)}", tone="faint")
    rate = rates[-1]
    says = "idle" if not rate and not pulse.busy else "starts" if rate is None else f"{rate:.1f} tok/s"
    return VitalRow(name="tok/s", says=f"{says}{busy}; {_measured(target)}", values=rates, top=0.0)


def _busy(pulse: Pulse) -> str:
    if pulse.busy is None:
        return ""
    slots = f", {pulse.busy} of {count(pulse.slots, 'slot')} busy" if pulse.slots else f", {pulse.busy} at work"
    return slots + (f", {pulse.waiting} waiting" if pulse.waiting else "")


def _measured(target: TargetProgress) -> str:
    """The rate that the run measured, to compare with."""
    speed = target.facts.get("DecodeSpeed")
    rate = speed.get("tok_s") if isinstance(speed, dict) else None
    return f"{rate:.3g} when measured" if isinstance(rate, int | float) else "not measured yet"


def _context(looks: Sequence[Look], target: TargetProgress, pulse: Pulse) -> list[VitalRow]:
    rows = []
    if pulse.context_used is not None and pulse.context_size:
        pulses = [look.servers.get(target.url) for look in looks]
        used = tuple(
            None if p is None or not p.context_size else (p.context_used or 0) / p.context_size for p in pulses
        )
        says = f"{pulse.context_used} of {pulse.context_size} tokens used"
        rows.append(VitalRow(name="context", says=says, values=used))
    others = [model for model in pulse.loaded or () if model.name != target.model]
    beside = (f"{one_line(model.name, NAME_CHARACTERS)}{_share(model)}" for model in others[:MAX_LOADED])
    return rows + [VitalRow(name="beside", says=words) for words in beside]


def _placed(target: TargetProgress, pulse: Pulse) -> str:
    """Where the examined model is, of a server that tells."""
    if pulse.loaded is None:
        return ""
    model = next((model for model in pulse.loaded if model.name == target.model), None)
    return _share(model) if model else ", not in memory"


def _share(model: Loaded) -> str:
    return f", {percent(model.gpu_share)} in GPU memory" if model.gpu_share is not None else ""


def _gpu(looks: Sequence[Look], place: int) -> list[VitalRow]:
    def course(value: Callable[[Gpu], float | None]) -> tuple[float | None, ...]:
        seen = (look.machine.gpus[place] if place < len(look.machine.gpus) else None for look in looks)
        return tuple(value(gpu) if gpu is not None else None for gpu in seen)

    gpu = looks[-1].machine.gpus[place]
    rows = []
    if gpu.memory_total_bytes and gpu.memory_used_bytes is not None:
        tenants = sorted(gpu.tenants, key=lambda tenant: -(tenant.memory_bytes or 0))
        large = [t for t in tenants if t.memory_bytes is None or t.memory_bytes >= SMALL_SHARE * gpu.memory_total_bytes]
        held = [_held(one_line(tenant.name, NAME_CHARACTERS), tenant.memory_bytes) for tenant in large[:MAX_HOLDERS]]
        says = _of(gpu.memory_used_bytes, gpu.memory_total_bytes, held)
        rows.append(VitalRow(name="memory", says=says, values=course(_memory_share)))
    if gpu.utilisation is not None:
        tone = "warn" if gpu.throttle else ""
        rows.append(VitalRow(name="load", says=_load(gpu), values=course(lambda g: g.utilisation), tone=tone))
    if rows:
        rows[0] = msgspec.structs.replace(rows[0], title=one_line(gpu.name, NAME_CHARACTERS))
    return rows


def _load(gpu: Gpu) -> str:
    parts = [percent(gpu.utilisation or 0.0)]
    if gpu.temperature_c is not None:
        parts.append(f"{gpu.temperature_c:.0f} °C")
    if gpu.power_w is not None:
        limit = f" of {gpu.power_limit_w:.0f}" if gpu.power_limit_w else ""
        parts.append(f"{gpu.power_w:.0f}{limit} W")
    if gpu.throttle:
        parts.append(f"! clock held down: {', '.join(one_line(reason, 30) for reason in gpu.throttle)}")
    elif gpu.source == "NVML":
        parts.append("clock not held down")
    return ", ".join(parts)


def _memory_share(gpu: Gpu) -> float | None:
    if not gpu.memory_total_bytes or gpu.memory_used_bytes is None:
        return None
    return gpu.memory_used_bytes / gpu.memory_total_bytes


def _machine(looks: Sequence[Look]) -> list[VitalRow]:
    now = looks[-1].machine
    rows = []
    if now.memory is not None:
        used = tuple(
            None if m is None else 1 - m.available_bytes / m.total_bytes
            for m in (look.machine.memory for look in looks)
        )
        taken = now.memory.total_bytes - now.memory.available_bytes
        says = _of(taken, now.memory.total_bytes, [_of_holder(holder) for holder in now.holders[:MAX_HOLDERS]])
        rows.append(VitalRow(name="RAM", says=says, values=used))
    rate = swap_in_bytes_s(looks[-2].machine, now) if len(looks) > 1 else None
    if rate is not None and rate >= SWAPPING_BYTES_S:
        rows.append(VitalRow(name="swap", says=f"! {mib(rate)} a second read back", tone="warn"))
    if now.cpu_busy is not None:
        busy = tuple(look.machine.cpu_busy for look in looks)
        rows.append(VitalRow(name="CPU", says=percent(now.cpu_busy), values=busy))
    return rows


def _of(used: float, total: float, held: list[str]) -> str:
    """`23.9 of 32.0 GiB: firefox 4.0 GiB, ollama 3.0 GiB`."""
    by = f": {', '.join(part for part in held if part)}" if any(held) else ""
    number, unit = mib(used).split(" ")
    return f"{number if mib(total).endswith(unit) else mib(used)} of {mib(total)}{by}"


def _of_holder(holder: Holder) -> str:
    return _held(one_line(holder.name, NAME_CHARACTERS), holder.bytes)


def _held(name: str, size: int | None) -> str:
    return f"{name} {mib(size)}" if size else name
