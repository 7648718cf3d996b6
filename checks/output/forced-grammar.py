"""No grammar of the server forces every answer.

What: options of the server that force all answers into a grammar or a JSON schema.

Why: such an option holds for every client and every question. Chat turns into JSON or into a few fixed words, and the
model looks broken.

How: the command line and the environment of the server's process.

Limits: llama.cpp on this machine only. A grammar that a request sends is the client's own and not seen here.
"""

from doctor.api import Context, Depth, Identity, ServerProcess, Skip, Symptom, Verdict, reported, seen, verdict

DEPTH = Depth.PASSIVE
FORCED = Symptom(id="answers-forced", title="The server forces every answer into a grammar")
OPTIONS = ("--grammar", "--grammar-file", "-j", "--json-schema", "-jf", "--json-schema-file")
SHOWN_CHARACTERS = 80


async def check(context: Context) -> Verdict:
    """Look for the options."""
    identity = await context.fact(Identity)
    if identity.runtime != "llama.cpp":
        raise Skip(f"{identity.name or 'this server'} has no such option")
    process = await context.fact(ServerProcess)
    given = next((name for name in OPTIONS if process.option(name)), "")
    if not given and not process.is_llama_server:
        raise Skip("the listening process is not llama-server itself, its options are not visible")
    line = reported("option that forces answers", given or "none", "", f"command line of process {process.pid}")
    if not given:
        return verdict(measured=[line])
    rule = reported("rule", (process.option(given) or "")[:SHOWN_CHARACTERS], "", given)
    text = f"the server was started with {given}: every answer of every client has to fit it"
    return verdict(seen(FORCED, "server", text, line, rule))
