"""Nothing holds the GPU's clock down, and the machine is plugged in.

What: the reasons that the driver gives for a lower clock while the model decodes, and whether a battery feeds the
machine.

Why: heat, a weak power supply or a battery can halve the speed, often only after the first minute.

How: NVML's clock reasons and clocks, sampled during the decode probe. Power cap alone is everyday on a loaded card and
counts only below 70 % of the highest clock.

Limits: reasons come from NVIDIA drivers only; half a minute of heat build-up is more than the probe waits for.
"""

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Finding,
    Gpu,
    GpusAtWork,
    Reach,
    Severity,
    Skip,
    Symptom,
    System,
    Verdict,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
THROTTLED = Symptom(id="gpu-throttled", title="The GPU runs below its clock because of heat or power")
BATTERY = Symptom(id="on-battery", title="The machine runs on its battery", severity=Severity.NOTE, semantic=True)

# Reasons that are trouble whatever the clock.
TROUBLE = {"hardware-slowdown", "hardware-thermal", "power-brake", "thermal"}
LOW_CLOCK = 0.70  # the catalogue's share of the highest clock


async def check(context: Context) -> Verdict:
    """Throttle reasons under load, and the power source."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine")
    on_battery = (await context.fact(System)).on_battery
    devices: tuple[Gpu, ...] = ()
    reason = ""
    try:
        devices = tuple(g for g in (await context.fact(GpusAtWork)).devices if g.source == "NVML")
    except Skip as skip:
        reason = skip.reason
    power = reported("on battery", on_battery, "", "operating system") if on_battery is not None else None
    measured = [_line(gpu) for gpu in devices] + ([power] if power else [])
    if not measured:
        raise Skip(reason or "no GPU here tells why its clock is low, and there is no battery")
    battery = None
    if power is not None and on_battery:
        battery = seen(BATTERY, "power", "the machine runs on its battery, which caps clocks on most laptops", power)
    return verdict(*(_throttled(gpu) for gpu in devices), battery, measured=measured)


def _line(gpu: Gpu) -> Evidence:
    return reported(f"{gpu.name}: throttle reasons", ", ".join(gpu.throttle) or "none", "", gpu.source)


def _throttled(gpu: Gpu) -> Finding | None:
    share = gpu.clock_mhz / gpu.clock_max_mhz if gpu.clock_mhz and gpu.clock_max_mhz else None
    held_down = share is not None and share < LOW_CLOCK
    trouble = TROUBLE.intersection(gpu.throttle)
    if not (trouble or (held_down and "power-cap" in gpu.throttle)):
        return None
    clock = f" at {percent(share)} of its highest clock" if share is not None else ""
    text = f"{gpu.name} is held down{clock} while decoding: {', '.join(gpu.throttle)}"
    return seen(THROTTLED, gpu.name, text, _line(gpu))
