"""The server takes tool calls and thoughts out of what the model writes.

What: the option --skip-chat-parsing of llama-server, and its variable.

Why: with it everything that the model writes is text. Calls are shown in the chat and no tool runs, thoughts stand in
the answer, and a JSON schema in a request is not enforced.

How: the command line and the environment of the server's process.

Limits: llama.cpp on this machine only. The option alone is a note, since a client can parse by itself; what the answers
show makes it a cause.
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
SKIPPED = Symptom(
    id="parsing-skipped", title="The server was told not to parse the model's answers", severity=Severity.NOTE
)
OPTION, VARIABLE = "--skip-chat-parsing", "LLAMA_ARG_SKIP_CHAT_PARSING"  # read at llama.cpp b10566


async def check(context: Context) -> Verdict:
    """Look for the option."""
    identity = await context.fact(Identity)
    if identity.runtime != "llama.cpp":
        raise Skip(f"{identity.name or 'this server'} has no such option")
    process = await context.fact(ServerProcess)
    given = (OPTION if process.has(OPTION) else VARIABLE) if process.switched_on(OPTION, VARIABLE) else ""
    if not given and not process.is_llama_server:
        raise Skip("the listening process is not llama-server itself, its options are not visible")
    place = f"command line and environment of process {process.pid}"
    line = reported("option that skips the parsing", given or "none", "", place)
    text = f"the server was started with {given}: calls and thoughts stay in the text, and schemas are not enforced"
    return verdict(seen(SKIPPED, "server", text, line) if given else None, measured=[line])
