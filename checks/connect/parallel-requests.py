"""Several requests at once are answered side by side.

What: seconds for one short answer, and until the last of two and of four that are asked at the same time.

Why: agents and teams ask several things at once. A server with one slot lets them wait in line; one with a full queue
turns them away.

How: sixteen tokens each at depth deep, while this run asks nothing else. Twice the work in the time of one is a
speed-up of two; about one means that they took turns.

Limits: on a machine whose processor is the bottleneck answers share it, and taking turns costs nothing. That is only a
note.
"""

from doctor.api import (
    Context,
    Depth,
    ParallelRequests,
    Severity,
    Symptom,
    Verdict,
    computed,
    probed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.DEEP
DEADLINE_S = 200.0
REFUSED = Symptom(id="parallel-refused", title="Requests at the same time are turned away")
TURNS = Symptom(id="requests-take-turns", title="Requests at the same time wait for each other", severity=Severity.NOTE)
SIDE_BY_SIDE = 1.5  # speed-up of two requests from which answers clearly share the work (probe P28)
SHORTEST_S = 0.2  # a shorter answer is mostly overhead


async def check(context: Context) -> Verdict:
    """Judge refusals, then the speed-up of two."""
    parallel = await context.fact(ParallelRequests)
    speedups = {number: number * parallel.one_s / seconds for number, seconds in parallel.seconds.items() if seconds}
    shown = ", ".join(f"{number} at once {value:.1f}" for number, value in speedups.items())
    measured = [
        probed("one short answer", round(parallel.one_s, 2), "s", "probe P28"),
        computed("speed-up", shown, "times", "answers x time of one / time of all"),
    ]
    if parallel.slots is not None:
        measured.append(reported("slots", parallel.slots, "", "the server"))
    if parallel.refused:
        why = probed("answer to one of several", parallel.refused[0], "", "probe P28")
        text = f"{len(parallel.refused)} of {sum(parallel.seconds)} requests at the same time were turned away"
        return verdict(seen(REFUSED, context.target.url, text, why, *measured))
    if parallel.one_s < SHORTEST_S or speedups.get(2, SIDE_BY_SIDE) >= SIDE_BY_SIDE:
        return verdict(measured=measured)
    text = f"two answers at once take {parallel.seconds[2]:.1f} s, one alone {parallel.one_s:.1f} s: they take turns"
    return verdict(seen(TURNS, context.target.url, text, *measured))
