"""Long answers do not push out the beginning.

What: whether the server drops the oldest half of the conversation when an answer reaches the end of the window.

Why: with context shift on, rules and early facts vanish in the middle of an answer without an error.

How: the command line and environment of a llama.cpp server; the shift is off unless it was asked for.

Limits: other runtimes do not say it (Ollama shifts unless a request says otherwise), so they are not judged. A
config file of llama.cpp is not read.
"""

from doctor.api import (
    Context,
    Depth,
    Identity,
    ServerProcess,
    Severity,
    Skip,
    Symptom,
    Verdict,
    reported,
    seen,
    verdict,
)

DEPTH = Depth.PASSIVE
ON = Symptom(id="context-shift-on", title="The oldest half is dropped at the window's end", severity=Severity.NOTE)
FLAG, VARIABLE = "--context-shift", "LLAMA_ARG_CONTEXT_SHIFT"


async def check(context: Context) -> Verdict:
    """Look for the flag."""
    identity = await context.fact(Identity)
    if identity.runtime != "llama.cpp":
        raise Skip(f"{identity.name} does not say whether it shifts the context")
    process = await context.fact(ServerProcess)
    asked = process.switched_on(FLAG, VARIABLE)
    if not asked and not process.is_llama_server:
        raise Skip("the listening process is not llama-server itself, its options are not visible")
    state = reported("context shift", asked, source="command line")
    if not asked:
        return verdict(measured=[state])
    summary = "context shift is on: an answer that reaches the window's end drops the oldest half of the conversation"
    return verdict(seen(ON, "server", summary, state))
