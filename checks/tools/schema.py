"""Whether the server enforces a JSON schema.

What: the answer to a request for a story that carries a JSON schema.

Why: programs that ask for structured output parse it blindly. A server that takes the schema and drops it works until
the model feels like prose.

How: the question asks for a sentence and forbids JSON, the request demands a small object by `response_format`, with
thinking off; at depth deep also with thinking on, streamed, and in the field `format` of Ollama's own route. Only
enforcement gives JSON here; a friendly question would prove nothing, since a good model writes JSON by itself.

Limits: a refusal is honest and skips the check. For runtimes that do not promise enforcement it is a note. An answer
cut off by the output limit is not judged.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Identity,
    SchemaAnswer,
    SchemaTrial,
    Severity,
    Skip,
    Symptom,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 90.0
IGNORED = Symptom(id="schema-ignored", title="The server takes a JSON schema and does not enforce it")
UNSUPPORTED = Symptom(
    id="schema-not-supported", title="This runtime does not enforce JSON schemas", severity=Severity.NOTE
)
# Runtimes whose documentation promises schema-constrained output; others accept the field and leave it at that.
PROMISED = {"ollama", "llama.cpp", "lmstudio", "vllm", "sglang"}


async def check(context: Context) -> Verdict:
    """Judge the answers to the story under a schema; the plain request first."""
    answer = await context.fact(SchemaAnswer)
    if not answer.exchange.ok:
        status = answer.exchange.status
        raise Skip(f"the server does not take a JSON schema: HTTP {status}, {answer.exchange.error}")
    trials = [SchemaTrial(way="response_format", exchange=answer.exchange, valid=answer.valid, fenced=answer.fenced)]
    trials += answer.others
    judged = [trial for trial in trials if not unclear(trial)]
    if not judged:
        raise Skip(unclear(trials[0]))
    kept = [probed(f"keeps to the schema: {t.way}", t.valid, "", t.exchange.route) for t in judged]
    loose = next((trial for trial in judged if not trial.valid), None)
    return verdict(await ignored(context, loose) if loose else None, measured=kept)


def unclear(trial: SchemaTrial) -> str:
    """Why an answer says nothing about enforcement; "" when it does."""
    exchange = trial.exchange
    if not exchange.ok:
        return f"refused with HTTP {exchange.status}"
    if not exchange.text:
        return "the model spent its answer on thinking" if exchange.reasoning else "the answer is empty"
    if not trial.valid and exchange.finish_reason != "stop" and exchange.text.startswith("{"):
        return "the JSON was cut off" + (" by the output limit" if exchange.finish_reason == "length" else "")
    return ""


async def ignored(context: Context, trial: SchemaTrial) -> Finding:
    """An answer that the schema does not allow; a note where the runtime promises nothing."""
    identity = await context.fact(Identity)
    symptom = IGNORED if identity.runtime in PROMISED else UNSUPPORTED
    how = "JSON in a code fence" if trial.fenced else "prose"
    start = probed("answer begins", trial.exchange.text[:60], "", trial.exchange.route)
    kept = probed(f"keeps to the schema: {trial.way}", value=False, source=trial.exchange.route)
    return seen(symptom, trial.way, f"A JSON schema was demanded ({trial.way}) and {how} came back", kept, start)
