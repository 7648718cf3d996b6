"""The cache of old prompts leaves RAM for the rest.

What: how much RAM llama.cpp's cache of old prompts has taken so far, and whether what it may still take is there.

Why: the server keeps the state of earlier conversations in RAM, up to 8 GiB unless told otherwise and without any limit
with -1. On a machine with little RAM it then swaps, or the kernel ends it.

How: RAM that is private to the server's processes, less all that the model takes. From 1 GiB on that is the cache; it
is a note when what is left of its limit is more than the RAM that is available.

Limits: Linux only, where the model's file and the server's process can be read. A container's limit is judged by the
check container-memory.
"""

from doctor.api import (
    Context,
    Depth,
    Footprint,
    Identity,
    Memory,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    computed,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
OUTGROWS = Symptom(
    id="prompt-cache-outgrows-ram", title="The cache of old prompts will not fit into RAM", severity=Severity.NOTE
)
GROWN_BYTES = 1 << 30  # below, it may be the program itself


async def check(context: Context) -> Verdict:
    """What the cache holds and may still take, against the RAM that is available."""
    if (await context.fact(Identity)).runtime not in ("llama.cpp", "ollama"):
        raise Skip("this runtime keeps no old prompts in RAM that can be told from the rest")
    server, found = await context.fact(ServerProcess), await context.fact(Footprint)
    allowed = server.prompt_cache_mib
    if server.tunnel or server.private_bytes is None or allowed is None:
        raise Skip("the memory or the settings of the server's process cannot be read from here")
    available = (await context.fact(Memory)).available_bytes
    grown = max(0, server.private_bytes - found.held_bytes)
    private = reported("RAM private to the server", server.private_bytes, "bytes", "/proc")
    kept = computed("old prompts, at least", grown, "bytes", "private RAM - model with its cache and buffers")
    free = reported("available RAM", available, "bytes", "operating system")
    limit = reported("limit of old prompts", "none" if allowed < 0 else allowed, "MiB", "server options")
    left = float("inf") if allowed < 0 else max(0, (allowed << 20) - grown)
    if grown < GROWN_BYTES or left <= available:
        return verdict(measured=[private, kept, free, limit])
    more = "without a limit" if allowed < 0 else f"by {mib(left)} more"
    text = f"old prompts hold at least {mib(grown)} and may grow {more}; {mib(available)} RAM is available"
    return verdict(seen(OUTGROWS, "RAM", text, private, kept, free, limit))
