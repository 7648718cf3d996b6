"""Whether the server enforces a JSON schema.

What: the answer to a request for a story that carries a JSON schema.

Why: programs that ask for structured output parse it blindly. A server that takes the schema and drops it works until
the model feels like prose.

How: the question asks for a sentence and forbids JSON, the request demands a small object by `response_format`. Only
enforcement gives JSON here; a friendly question would prove nothing, since a good model writes JSON by itself.

Limits: a refusal is honest and skips the check. For runtimes that do not promise enforcement it is a note. An answer
cut off by the output limit is not judged.
"""

from doctor.api import Context, Depth, Identity, SchemaAnswer, Severity, Skip, Symptom, Verdict, probed, seen, verdict

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
IGNORED = Symptom(id="schema-ignored", title="The server takes a JSON schema and does not enforce it")
UNSUPPORTED = Symptom(
    id="schema-not-supported", title="This runtime does not enforce JSON schemas", severity=Severity.NOTE
)
# Runtimes whose documentation promises schema-constrained output; others accept the field and leave it at that.
PROMISED = {"ollama", "llama.cpp", "lmstudio", "vllm", "sglang"}


async def check(context: Context) -> Verdict:
    """Judge the answer to the story under a schema."""
    answer = await context.fact(SchemaAnswer)
    exchange = answer.exchange
    if not exchange.ok:
        raise Skip(f"the server does not take a JSON schema: HTTP {exchange.status}, {exchange.error}")
    if not exchange.text:
        raise Skip("the model spent its answer on thinking" if exchange.reasoning else "the answer is empty")
    kept = probed("answer keeps to the schema", answer.valid, "", exchange.route)
    if answer.valid:
        return verdict(measured=[kept])
    if exchange.finish_reason == "length" and exchange.text.startswith("{"):
        raise Skip("the JSON was cut off by the output limit")
    identity = await context.fact(Identity)
    symptom = IGNORED if identity.runtime in PROMISED else UNSUPPORTED
    how = "JSON in a code fence" if answer.fenced else "prose"
    start = probed("answer begins", exchange.text[:60], "", exchange.route)
    return verdict(seen(symptom, "response_format", f"A JSON schema was demanded and {how} came back", kept, start))
