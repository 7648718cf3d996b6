"""The KV cache keeps enough bits.

What: the number format of the cache for keys and values.

Why: below eight bits a value, long chats and tool calls suffer first, while short answers stay fine.

How: the server's command line, and the variable of Ollama's process.

Limits: only for servers on this machine whose process can be read. A format with few bits is a note: many models bear
it.
"""

from doctor.api import Context, Depth, ServerProcess, Severity, Skip, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
FEW_BITS = Symptom(id="kv-cache-few-bits", title="The KV cache keeps few bits a value", severity=Severity.NOTE)
OPTIONS = ("-ctk", "--cache-type-k", "-ctv", "--cache-type-v")
VARIABLES = ("OLLAMA_KV_CACHE_TYPE", "LLAMA_ARG_CACHE_TYPE_K", "LLAMA_ARG_CACHE_TYPE_V")
FEW = {"q4_0", "q4_1", "iq4_nl", "q5_0", "q5_1"}  # 4.5 to 6 bits; q8_0 has 8.5


async def check(context: Context) -> Verdict:
    """Judge every format that is set."""
    process = await context.fact(ServerProcess)
    types = {name: process.option(name) for name in OPTIONS}
    types |= {name: process.environment.get(name) for name in VARIABLES}
    given = {name: value for name, value in types.items() if value}
    if not given and not process.environment_readable:
        raise Skip("the server's command line names no cache format, and its environment cannot be read")
    shown = ", ".join(f"{name} {value}" for name, value in given.items()) or "none set (f16)"
    line = reported("KV cache format", shown, "", f"process {process.pid}")
    few = sorted({value for value in given.values() if value in FEW})
    if not few:
        return verdict(measured=[line])
    return verdict(seen(FEW_BITS, "KV cache", f"the KV cache is kept as {', '.join(few)}, under 8 bits a value", line))
