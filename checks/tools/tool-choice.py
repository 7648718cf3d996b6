"""Whether the server keeps to tool_choice.

What: a question that asks for a call under `none`, one that wants no call under `required`, and at depth deep one that
fits another tool than the one that is named.

Why: clients rely on the field to get a call, or to get none, and loop or hang when it is ignored.

How: the question contradicts the field, so that only a server that enforces it obeys. A call under `none`, or an answer
that ends by itself without a call under `required`, proves that the field is ignored.

Limits: an answer that the output limit ends before its call is not judged. For runtimes that do not promise the field,
and for a named tool, it is a note. A refusal is honest.
"""

from doctor.api import (
    Context,
    Depth,
    Finding,
    Identity,
    Severity,
    Skip,
    Symptom,
    ToolChoice,
    ToolTrial,
    Verdict,
    probed,
    seen,
    verdict,
)

DEPTH = Depth.QUICK
DEADLINE_S = 120.0
IGNORED = Symptom(id="tool-choice-ignored", title="The server takes tool_choice and ignores it")
UNSUPPORTED = Symptom(
    id="tool-choice-not-supported", title="This runtime does not keep to tool_choice", severity=Severity.NOTE
)
# Documented as enforced: llama.cpp (auto, none, required), vLLM and SGLang (a named tool as well). Ollama has no such
# field (ChatCompletionRequest at fb307609); for LM Studio it is said of some models only.
PROMISED = {"llama.cpp": ("none", "required"), "vllm": ("none", "required", "named")}
PROMISED["sglang"] = PROMISED["vllm"]


async def check(context: Context) -> Verdict:
    """Judge each question by itself; the worst is reported."""
    choice = await context.fact(ToolChoice)
    runtime = (await context.fact(Identity)).runtime
    asked = {"none": choice.none, "required": choice.required, "named": choice.named}
    outcomes = {name: outcome(name, trial, choice.wanted) for name, trial in asked.items() if trial}
    known = {name: word for name, word in outcomes.items() if word != "unclear"}
    if not known:
        raise Skip("no answer under a tool_choice can be judged: each was cut off or refused for another reason")
    route = next(trial.exchange.route for trial in asked.values() if trial)
    said = [probed(f"tool_choice {name}", word, "", route) for name, word in known.items()]
    found: dict[str, Finding] = {}
    for name, word in known.items():
        if word == "ignored":
            symptom = IGNORED if name in PROMISED.get(runtime, ()) else UNSUPPORTED
            found.setdefault(symptom.id, seen(symptom, name, f"tool_choice {name} was taken and ignored", *said))
    return verdict(*found.values(), measured=said)


def outcome(name: str, trial: ToolTrial, wanted: str) -> str:
    """honoured, ignored, refused or unclear."""
    exchange = trial.exchange
    if not exchange.ok:
        return "refused" if "tool" in exchange.error.lower() else "unclear"
    called = [call.name for call in exchange.tool_calls]
    if name == "none":
        return "ignored" if called else "honoured"
    if called:
        return "honoured" if name == "required" or set(called) == {wanted} else "ignored"
    ended = exchange.finish_reason == "stop" and not trial.called and not exchange.only_thought
    return "ignored" if ended else "unclear"
