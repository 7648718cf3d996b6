"""The server has a free slot.

What: how many of the server's slots work on requests of others.

Why: with all slots taken a request waits in line, which looks like a slow model.

How: the server's slot list, read while this run has no request under way, and once more half a second later when
all are taken.

Limits: a snapshot; servers that do not show their slots are not judged.
"""

from doctor.api import Context, Depth, Slots, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
DEADLINE_S = 90.0  # the look waits until this run's own requests are done
BUSY = Symptom(id="server-busy", title="All slots work for others")


async def check(context: Context) -> Verdict:
    """Count the free slots."""
    slots = await context.fact(Slots)
    busy = reported("busy slots", slots.busy, f"of {slots.total}", slots.source)
    if slots.busy < slots.total:
        return verdict(measured=[busy])
    every = "the only slot works" if slots.total == 1 else f"all {slots.total} slots work"
    return verdict(
        seen(BUSY, context.target.url, f"{every} on requests of others, so that new ones wait in line", busy)
    )
