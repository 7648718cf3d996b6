"""A call and its result reach the prompt as they should.

What: a question, a call with its arguments as text, and the call's result, as the server renders them.

Why: from the second step on an agent sends its own calls back. A server that does not decode the arguments shows the
model a text within a text, which it then imitates; a template without the role `tool` loses the result, and the model
asks again and again.

How: the server renders the conversation; nothing is generated. Arguments and result hold words that occur nowhere else.

Limits: needs a server that shows its prompts (llama.cpp, vLLM, Ollama with its debug switch). How the model takes it is
the business of `tool-result`.
"""

import re

from doctor.api import Context, Depth, Severity, Skip, Symptom, ToolPrompt, Verdict, plain, probed, seen, verdict

DEPTH = Depth.PASSIVE
DEADLINE_S = 60.0
ESCAPED = Symptom(
    id="tool-arguments-escaped", title="Arguments of earlier calls reach the prompt as a text within a text"
)
NOT_RENDERED = Symptom(
    id="tool-history-refused", title="The server cannot render a call and its result", severity=Severity.CRITICAL
)
RESULT_LOST = Symptom(id="tool-result-not-rendered", title="A tool's result does not reach the prompt")
AROUND = 40  # characters shown on each side


async def check(context: Context) -> Verdict:
    """Look for the arguments and the result in the prompt."""
    prompt = await context.fact(ToolPrompt)
    if prompt.history is None:
        words = probed("refusal", prompt.refusal, "", prompt.source)
        layer = probed("layer at fault", "the chat template", "", prompt.source)
        summary = "A question with tools is rendered, the same with a call and its result is refused"
        return verdict(seen(NOT_RENDERED, "tool history", summary, words, layer))
    if prompt.question not in prompt.history:
        raise Skip("the template loses more than calls and results: see the check chat-template")
    arguments = part(prompt.history, prompt.value)
    shown = probed("arguments in the prompt", arguments or "not there", "", prompt.source)
    there = probed("result in the prompt", prompt.result in prompt.history, "", prompt.source)
    escaped = re.search(r'\\"\s*' + re.escape(prompt.value), prompt.history)
    layer = probed("layer at fault", "the chat template, or the decoding before it", "", prompt.source)
    summary = "The arguments of an earlier call are a quoted text in the prompt, not an object"
    return verdict(
        seen(ESCAPED, "tool history", summary, shown, layer) if escaped else None,
        None if there.value else seen(RESULT_LOST, "tool result", "The result of a call is not in the prompt", there),
        measured=[shown, there],
    )


def part(text: str, word: str) -> str:
    """The word and what stands around it; "" when it is not there."""
    at = text.find(word)
    return plain(" ".join(text[max(0, at - AROUND) : at + len(word) + AROUND].split()), 160) if at >= 0 else ""
