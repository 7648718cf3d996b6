"""The graphics driver lets programs use the card.

What: whether an installed NVIDIA driver can be opened at all, from the place where the server runs.

Why: after a driver update without a restart, or in a container that lost its device, everything that is started from
then on computes on the processor, without an error.

How: the driver's library is started as any program would. Two of its refusals have one meaning each: the versions of
library and kernel module differ, or the kernel forbids a device that is there.

Limits: NVIDIA only; a container must be examined from inside. A server that was started earlier may still use the card:
then it is a note about the next start.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Gpus,
    LoadedModels,
    Reach,
    Severity,
    Skip,
    Symptom,
    System,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
DEADLINE_S = 120.0  # a model that is not loaded yet is waited for
OLD = Symptom(id="driver-needs-restart", title="The graphics driver was updated and needs a restart of the machine")
LOST = Symptom(id="gpu-lost-in-container", title="The container has the graphics card and may not open it any more")


async def check(context: Context) -> Verdict:
    """What the driver says when it is started."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose driver cannot be seen from here")
    gpus = await context.fact(Gpus)
    cards = [gpu for gpu in gpus.devices if gpu.vendor == "nvidia"]
    if not cards and not gpus.fault:
        raise Skip("; ".join(gpus.notes) or "no NVIDIA driver is installed here")
    said = reported("NVIDIA driver", "; ".join(gpus.notes) or f"tells of {len(cards)} card(s)", "", "NVML")
    later = await _on_the_card(context)
    severity = Severity.NOTE if later else Severity.WARNING
    when = "at its next start the server loses the card" if later else "no program can use the card"
    if gpus.fault == "restart-needed":
        text = f"the driver was updated while its old module is loaded: {when}"
        return verdict(seen(OLD, "driver", text, said, severity=severity))
    container = (await context.fact(System)).container
    if gpus.fault == "refused" and container:
        text = f"the kernel forbids the NVIDIA device inside this container ({container}): {when}"
        where = reported("container", container, "", "operating system")
        return verdict(seen(LOST, "driver", text, said, where, severity=severity))
    return verdict(measured=[said])


async def _on_the_card(context: Context) -> bool:
    """Whether the runtime says that a model is in GPU memory now."""
    with contextlib.suppress(Skip):
        return any(m.vram_bytes for m in (await context.fact(LoadedModels)).models)
    return False
