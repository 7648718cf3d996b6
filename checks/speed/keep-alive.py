"""The model stays loaded between questions.

What: how long after its last use the model is unloaded, and how long loading it took.

Why: with the usual five minutes, every question after a break waits for the load, and the GPU looks empty whenever one
looks at it.

How: the time that the runtime gives for unloading, or the sleep timer of its command line, beside the load time of the
first request of this run.

Limits: a note, since it is a setting and saves memory. It needs a load to measure: a model that was loaded before this
run shows none.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    LoadedModels,
    Models,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    WarmUp,
    computed,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 160.0
UNLOADS = Symptom(
    id="unloads-when-idle", title="The model is unloaded after a short time without use", severity=Severity.NOTE
)

SHORT_S = 900.0  # Ollama's default is 300 s, LM Studio's 3600 s; a break is longer than a quarter of an hour
SLOW_LOAD_S = 5.0  # a wait that people notice at every return [judgement; the catalogue counts from 2 s]


async def check(context: Context) -> Verdict:
    """Load time and time until unloading."""
    load = await _load(context)
    idle = await _idle(context)
    if load is None or idle is None:
        raise Skip(
            "no model was loaded meanwhile" if load is None else "the runtime does not say when it unloads the model"
        )
    load_s, idle_s = float(load.value or 0), float(idle.value or 0)
    if load_s < SLOW_LOAD_S or not 0 < idle_s <= SHORT_S:
        return verdict(measured=[load, idle])
    text = f"loading took {load_s:.0f} s, and the model is unloaded {idle_s / 60:.0f} minutes after its last use"
    return verdict(seen(UNLOADS, "model", text, load, idle))


async def _load(context: Context) -> Evidence | None:
    """Seconds of the load that the first request met."""
    warm = await context.fact(WarmUp)
    if not warm.first.ok:
        raise Skip("the model does not answer")
    if warm.first.load_s is not None:
        return reported("time to load", round(warm.first.load_s, 1), "s", warm.first.route)
    if warm.second is None or not warm.second.ok:
        return None
    return computed(
        "time to load", round(max(0.0, warm.first.total_s - warm.second.total_s), 1), "s", "first minus second answer"
    )


async def _idle(context: Context) -> Evidence | None:
    """Seconds without use after which the model goes."""
    with contextlib.suppress(Skip):
        chosen = (await context.fact(Models)).chosen
        loaded = await context.fact(LoadedModels)
        expires = [m.expires_s for m in loaded.models if m.name == chosen and m.expires_s is not None]
        if expires:
            return reported("unloaded after", round(expires[0]), "s", loaded.source)
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
        given = server.setting("LLAMA_ARG_SLEEP_IDLE_SECONDS", "--sleep-idle-seconds")
        if given and given.isdigit():
            return reported("unloaded after", int(given), "s", "server options")
    return None
