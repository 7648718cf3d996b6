"""A container or service limit leaves room for the server.

What: the memory limit of the server's cgroup, how close it is, and whether the kernel killed a process there.

Why: inside a limit the machine's RAM does not count; the kernel ends the server, which looks like a crash after hours.

How: memory.max, memory.current without the page cache that can be dropped, and the oom_kill counter of the cgroup.
llama.cpp keeps up to 8 GiB of old prompts in RAM unless told otherwise: where that alone fills the limit, it is named.

Limits: the counter runs since the container's start, so a kill may be old; with Docker Desktop nothing can be read.
"""

import contextlib

from doctor.api import (
    Context,
    Depth,
    Evidence,
    Identity,
    Memory,
    Reach,
    ServerProcess,
    Skip,
    Symptom,
    System,
    Verdict,
    mib,
    percent,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
TIGHT = Symptom(id="container-memory-tight", title="The server's memory limit is almost reached")
KILLED = Symptom(id="container-killed", title="The kernel killed a process at the server's memory limit")
PROMPTS = Symptom(id="prompt-cache-outgrows-container", title="The cache of old prompts does not fit the memory limit")

TIGHT_SHARE = 0.95


async def check(context: Context) -> Verdict:
    """Use against the limit, and kills so far."""
    if not (await context.fact(Reach)).local:
        raise Skip("the server runs on another machine, whose limits cannot be seen from here")
    limit, used, kills = await _limit(context)
    measured = [reported("memory limit", limit, "bytes", "cgroup")]
    if used is not None:
        measured.append(reported("memory in use", used, "bytes", "cgroup"))
    if kills is not None:
        measured.append(reported("processes killed at the limit", kills, "", "cgroup"))
    tight = used is not None and used >= limit * TIGHT_SHARE
    if not tight and not kills:
        return verdict(measured=measured)
    words = f"{mib(used or 0)} of a limit of {mib(limit)} is in use ({percent((used or 0) / limit)})"
    killed = f"the kernel ended {kills} process(es) at a memory limit of {mib(limit)} since the container started"
    said = killed if kills else words
    cache = await _prompt_cache(context, limit)
    if cache is not None:
        text = f"{said}; old prompts may take {cache.value} MiB of it"
        return verdict(seen(PROMPTS, "memory limit", text, *measured, cache), measured=[*measured, cache])
    return verdict(seen(KILLED if kills else TIGHT, "memory limit", said, *measured), measured=measured)


async def _limit(context: Context) -> tuple[int, int | None, int | None]:
    """Limit, use and kills of the server's cgroup; our own where we share the server's container. Raises Skip."""
    server = None
    with contextlib.suppress(Skip):
        server = await context.fact(ServerProcess)
    if server is not None and server.memory_limit_bytes:
        return server.memory_limit_bytes, server.memory_limit_used_bytes, server.oom_kills
    memory = await context.fact(Memory)
    if server is None and (await context.fact(System)).container and memory.limit_bytes:
        return memory.limit_bytes, memory.limit_used_bytes, memory.oom_kills
    raise Skip("no memory limit below the machine's RAM is set for the server")


async def _prompt_cache(context: Context, limit: int) -> Evidence | None:
    """The size that the server's prompt cache may reach, when that is most of the limit."""
    with contextlib.suppress(Skip):
        if (await context.fact(Identity)).runtime not in ("llama.cpp", "ollama"):
            return None
        size = (await context.fact(ServerProcess)).prompt_cache_mib
        if size is not None and size < 0:
            size = limit >> 20  # -1: without a limit of its own
        if size is not None and size * 2 << 20 >= limit:
            return reported("prompt cache may reach", size, "MiB", "server options")
    return None
