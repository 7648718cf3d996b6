"""A model that should be locked in RAM is locked.

What: whether the server was told to lock its model in RAM (mlock), and whether the system let it.

Why: a refused lock is only a line in the log; under memory pressure the model is then dropped from RAM all the same.

How: the server's options, the RAM that its processes hold locked, and the limit that the system set for them.

Limits: Linux only, and only where the server's process can be read.
"""

from doctor.api import (
    Context,
    Depth,
    ModelCard,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    mib,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
REFUSED = Symptom(id="mlock-refused", title="The model should be locked in RAM and is not", severity=Severity.WARNING)

LOCKED_SHARE = 0.5  # of the model's size; on a GPU machine only a part lies in RAM


async def check(context: Context) -> Verdict:
    """Locked bytes and the limit, where a lock was asked for."""
    server = await context.fact(ServerProcess)
    if not _asked(server):
        raise Skip("the server was not told to lock its model in RAM")
    if server.locked_bytes is None:
        raise Skip("this system does not say how much RAM a process holds locked")
    size = (await context.fact(ModelCard)).size_bytes
    if not size:
        raise Skip("the runtime does not say how large the model is")
    locked = reported("RAM locked by the server", server.locked_bytes, "bytes", "/proc status")
    limit = server.lock_limit_bytes
    if server.locked_bytes >= size * LOCKED_SHARE or limit is None or limit >= size:
        return verdict(measured=[locked])
    allowed = reported("limit for locked RAM", limit, "bytes", "/proc limits")
    text = f"{mib(server.locked_bytes)} of a {mib(size)} model is locked in RAM; the system allows {mib(limit)}"
    return verdict(seen(REFUSED, "RAM", text, locked, allowed))


def _asked(server: ServerProcess) -> bool:
    commands = (server.command, *server.children)
    mode = server.setting("LLAMA_ARG_LOAD_MODE", "-lm", "--load-mode") or ""
    return any("--mlock" in words for words in commands) or "mlock" in mode or "LLAMA_ARG_MLOCK" in server.environment
